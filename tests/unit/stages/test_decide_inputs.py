from dataclasses import replace

from src.stages.decide.inputs import read_data
from tests.support import documents


def test_the_manifest_of_the_candidates_data_is_read(tmp_path):
    documents.manifest().write(tmp_path)
    assert read_data(tmp_path, documents.DATA.digest) == documents.manifest()


def test_data_that_is_not_there_is_no_error(tmp_path):
    assert "not available" in read_data(tmp_path, documents.DATA.digest)


def test_other_data_says_nothing_about_the_candidate(tmp_path):
    replace(documents.manifest(), digest="e" * 64).write(tmp_path)
    assert "other data" in read_data(tmp_path, documents.DATA.digest)
