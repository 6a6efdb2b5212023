import pytest

from src.data.dvc import dvc_digest

LOCK = """
schema: '2.0'
stages:
  prepare:
    cmd: python -m src.prepare
    outs:
    - path: data/prepared/people
      hash: md5
      md5: d751713988987e9331980363e24189ce.dir
  train:
    cmd: python -m src.train
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        pytest.param("data/prepared/people", "d751713988987e9331980363e24189ce.dir", id="an output of a stage"),
        pytest.param("data/../data/prepared/people", "d751713988987e9331980363e24189ce.dir", id="spelt otherwise"),
        pytest.param("data/prepared/others", None, id="not under DVC's control"),
    ],
)
def test_the_digest_is_the_one_in_the_lock_file(tmp_path, folder, expected):
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "data" / "prepared").mkdir(parents=True)

    assert dvc_digest(tmp_path / folder, tmp_path / "dvc.lock") == expected


def test_without_a_lock_file_there_is_no_digest(tmp_path):
    assert dvc_digest(tmp_path, tmp_path / "dvc.lock") is None
