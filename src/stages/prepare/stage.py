"""The stage `prepare`: a data set in the form that training needs."""

from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.data.prepared import PreparedData


def prepare(options: DataOptions) -> PreparedData:
    """Make the data set, or find it made already.

    Raises:
        DataError: the source is missing or not what it should be.
    """
    return ensure_prepared(options)
