import pytest

from tests.unit.study.studies import StudyMaker


@pytest.fixture
def made(tmp_path) -> StudyMaker:
    """An empty study with one objective."""
    return StudyMaker(tmp_path)


@pytest.fixture
def made_with_two(tmp_path) -> StudyMaker:
    """An empty study with two objectives."""
    return StudyMaker(tmp_path, ("maximize", "minimize"))
