"""Many mistakes reported at once, so that a data set is put right in one go."""

from collections.abc import Iterator
from contextlib import contextmanager

from src.core.errors import DataError

_SHOWN = 10


class Problems:
    """Collects errors, and raises them together."""

    def __init__(self) -> None:
        self._messages: list[str] = []

    def add(self, message: str) -> None:
        """Remember one."""
        self._messages.append(message)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Remember the DataError that ends the block, if one does, and go on after it."""
        try:
            yield
        except DataError as error:
            self.add(str(error))

    def raise_if_any(self) -> None:
        """End here when something was found.

        Raises:
            DataError: the first ones in full, and how many there are.
        """
        if not self._messages:
            return
        if len(self._messages) == 1:
            raise DataError(self._messages[0])
        shown = "\n  ".join(self._messages[:_SHOWN])
        more = len(self._messages) - _SHOWN
        raise DataError(
            f"{len(self._messages)} mistakes in the data set:\n  {shown}"
            + (f"\n  … and {more} more" if more > 0 else "")
        )
