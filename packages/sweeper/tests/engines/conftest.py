"""What the tests of the engines share: the toy app in a folder of its own, and a PostgreSQL server."""

import pytest

pytest.register_assert_rewrite("support.aftermath")

from support.postgresql import Server, server  # noqa: E402 - after what must come first
from support.toy import Toy  # noqa: E402


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path)


@pytest.fixture(scope="session")
def postgresql():
    """A server for all tests; it is an error, and no reason to skip, if PostgreSQL is not installed."""
    with server() as running:
        yield running


@pytest.fixture
def database(postgresql: Server, tmp_path, monkeypatch) -> str:
    """The URL of an empty database; its password is in the environment and nowhere else."""
    monkeypatch.setenv("PGPASSWORD", postgresql.password)
    return postgresql.create(tmp_path.name)
