"""A name from a clock or a folder is a new one."""

import optuna
from optuna_search.study.storages import open_storage
from optuna_search.study.study import StudySpec


def spec(tmp_path, name):
    sampler = {"_target_": "optuna.samplers.RandomSampler"}
    return StudySpec(
        name, f"journal:{tmp_path}/o.journal", ("minimize",), sampler, {"_target_": "optuna.pruners.NopPruner"}
    )


def test_the_second_of_two_sweeps_in_folders_of_one_name_gets_a_study_of_its_own(tmp_path):
    names = [spec(tmp_path, "run").claimed().name for _ in range(3)]
    assert names == ["run", "run_2", "run_3"]
    assert optuna.get_all_study_names(open_storage(f"journal:{tmp_path}/o.journal")) == names
