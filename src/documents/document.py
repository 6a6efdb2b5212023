"""A document: a JSON file that one stage writes and others read, with a version."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from src.core.errors import DataError
from src.core.files import write_json
from src.documents.codec import decode, encode

_VERSION = "version"


@dataclass(frozen=True)
class Document:
    """Base of all documents: frozen dataclasses whose fields are the file's keys.

    Attributes:
        FILE: Its name in the folder of its stage.
        STAGE: The stage that writes it.
        VERSION: Rises when the fields change; documents of other versions are refused.
    """

    FILE: ClassVar[str]
    STAGE: ClassVar[str]
    VERSION: ClassVar[int]

    def as_json(self) -> dict[str, Any]:
        """The content of the file."""
        return {_VERSION: self.VERSION, **encode(self)}

    def write(self, folder: Path) -> Path:
        """Write the file into a folder, whole or not at all."""
        path = folder / self.FILE
        write_json(path, self.as_json())
        return path

    @classmethod
    def read(cls, folder: Path, *, otherwise: str = "") -> Self:
        """Read the file in a folder.

        Args:
            folder: The folder.
            otherwise: What a user can do instead of running the stage, for the message.

        Raises:
            DataError: it is missing, of another version, or broken; the message names file and key.
        """
        path = folder / cls.FILE
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            instead = f", or {otherwise}" if otherwise else ""
            raise DataError(f"There is no {path}: run `python -m src.{cls.STAGE}`{instead}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read ({error}): {cls._again()}.") from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> Self:
        """The document that the text of a file is; `path` and errors as in `from_json`."""
        try:
            content = json.loads(text)
        except ValueError as error:
            raise DataError(f"{path} is no JSON ({error}): {cls._again()}.") from error
        return cls.from_json(content, path)

    @classmethod
    def from_json(cls, content: Any, path: Path) -> Self:
        """The document that parsed JSON is.

        Args:
            content: The JSON.
            path: Where it was found, for the message.

        Raises:
            DataError: it is of another version, or broken; the message names file and key.
        """
        found = content.get(_VERSION) if isinstance(content, dict) else None
        if found != cls.VERSION:
            other = "has no version" if found is None else f"has version {found!r}"
            raise DataError(f"{path}: {_VERSION}: the file {other}, expected {cls.VERSION}: {cls._again()}.")
        try:
            document: Self = decode(cls, {key: value for key, value in content.items() if key != _VERSION})
        except DataError as error:
            raise DataError(f"{path}: {error}; {cls._again()}.") from error
        return document

    @classmethod
    def _again(cls) -> str:
        return f"run `python -m src.{cls.STAGE}` again"
