"""The launchers' own configurations, as Hydra composes them, say how many jobs run at once."""

import os

import pytest
from hydra import compose, initialize
from hydra.core.global_hydra import GlobalHydra
from joblib import cpu_count
from omegaconf import OmegaConf
from optuna_search.run.launchers import capacity, too_few_slots

CORES = os.cpu_count() or 1


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch):
    """Neither a Ray cluster nor GPUs, whatever the machine has."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def launcher(name, *overrides):
    GlobalHydra.instance().clear()
    with initialize(version_base="1.3", config_path=None):
        settings = [f"hydra/launcher={name}", *overrides]
        return compose(config_name=None, overrides=settings, return_hydra_config=True).hydra.launcher


@pytest.mark.parametrize(
    ("name", "overrides", "expected"),
    [
        pytest.param("basic", [], 1, id="basic: one after the other"),
        pytest.param("joblib", [], cpu_count(), id="joblib: all cores"),
        pytest.param("joblib", ["hydra.launcher.n_jobs=3"], 3, id="joblib: so many"),
        pytest.param("joblib", ["hydra.launcher.n_jobs=-2"], max(1, cpu_count() - 1), id="joblib: all cores but one"),
        pytest.param("submitit_local", [], None, id="submitit_local: as many as are asked for"),
        pytest.param("submitit_slurm", [], 256, id="Slurm: the default of submitit's array"),
        pytest.param("submitit_slurm", ["hydra.launcher.array_parallelism=2"], 2, id="Slurm: so many of the array"),
        pytest.param("ray", [], CORES, id="Ray: a core each"),
        pytest.param("ray", ["+hydra.launcher.ray.init.num_cpus=5"], 5, id="Ray: what it is started with"),
        pytest.param(
            "ray",
            ["+hydra.launcher.ray.init.num_cpus=5", "+hydra.launcher.ray.remote.num_cpus=2"],
            2,
            id="Ray: two cores each",
        ),
        pytest.param("ray", ["+hydra.launcher.ray.remote.num_cpus=0"], None, id="Ray: jobs that take nothing"),
        pytest.param(
            "ray",
            ["+hydra.launcher.ray.init={num_cpus:8,num_gpus:2}", "+hydra.launcher.ray.remote.num_gpus=0.5"],
            4,
            id="Ray: half a GPU each",
        ),
        pytest.param("ray", ["hydra.launcher.ray.init.address=local"], CORES, id="Ray: a cluster of its own"),
        pytest.param("ray", ["hydra.launcher.ray.init.address=auto"], None, id="Ray: a cluster that is there"),
        pytest.param("ray_aws", [], None, id="Ray on AWS: not known before it is there"),
    ],
)
def test_a_launchers_settings_say_how_many_jobs_run_at_once(name, overrides, expected):
    assert capacity(launcher(name, *overrides)) == expected


def test_ray_counts_the_gpus_of_this_machine_if_none_are_named(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2")
    settings = ["+hydra.launcher.ray.init.num_cpus=64", "+hydra.launcher.ray.remote.num_gpus=1"]
    assert capacity(launcher("ray", *settings)) == 3


def test_an_address_in_the_environment_is_a_cluster_that_is_there(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    assert capacity(launcher("ray")) is None


def test_nothing_is_claimed_about_a_launcher_of_somebody_elses():
    theirs = OmegaConf.create({"_target_": "somewhere.TheirLauncher", "n_jobs": 1})
    assert capacity(theirs) is None
    assert too_few_slots(100, theirs) is None


@pytest.mark.parametrize(
    ("name", "overrides", "advice"),
    [
        pytest.param("basic", [], "hydra/launcher=joblib hydra.launcher.n_jobs=300", id="basic"),
        pytest.param("joblib", ["hydra.launcher.n_jobs=2"], "hydra.launcher.n_jobs=300", id="joblib"),
        pytest.param("submitit_slurm", [], "hydra.launcher.array_parallelism=300", id="Slurm"),
        pytest.param("ray", ["+hydra.launcher.ray.init.num_cpus=2"], "+hydra.launcher.ray.init.num_cpus=300", id="Ray"),
    ],
)
def test_too_few_slots_are_reported_with_the_setting_to_change(name, overrides, advice):
    config = launcher(name, *overrides)
    warning = too_few_slots(300, config)
    assert "hydra.sweeper.n_jobs=300" in warning
    assert f"runs {capacity(config)} at once" in warning
    assert advice in warning


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_enough_slots_are_no_news(n_jobs):
    assert too_few_slots(n_jobs, launcher("joblib", "hydra.launcher.n_jobs=4")) is None


def test_the_advice_is_taken_by_the_launcher():
    advised = too_few_slots(7, launcher("ray", "+hydra.launcher.ray.init.num_cpus=2")).split()
    settings = [word.rstrip(",") for word in advised if word.startswith("+hydra.launcher.ray.init")]
    assert too_few_slots(7, launcher("ray", *settings)) is None
