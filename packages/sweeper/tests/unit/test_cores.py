"""The cores that are there to share out."""

import os

import pytest
from optuna_search import cores
from optuna_search.cores import available_cores


@pytest.mark.parametrize(("written", "expected"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1)])
def test_a_container_has_the_cores_that_it_was_given(tmp_path, monkeypatch, written, expected):
    (tmp_path / "cpu.max").write_text(written)
    monkeypatch.setattr(cores, "_CGROUP_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert available_cores() == expected
