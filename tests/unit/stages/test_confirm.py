"""Which settings are confirmed, with which seeds, by which sweep."""

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import create_trial
from optuna_search import StudyView

from src.core.errors import ConfigError
from src.stages.confirm.options import ConfirmOptions, fresh
from src.stages.confirm.sweep import arguments
from src.study.leading import leading_settings, seeds_of

LR0 = FloatDistribution(0.0, 1.0)
SEED = IntDistribution(0, 100)


def study_of(*trials, direction="maximize"):
    study = optuna.create_study(study_name="mine", direction=direction)
    for trial in trials:
        study.add_trial(trial)
    return study


def trial(value, *, lr0, seed=None, **attributes):
    params = {"train.lr0": lr0} | ({} if seed is None else {"train.seed": seed})
    distributions = {"train.lr0": LR0} | ({} if seed is None else {"train.seed": SEED})
    return create_trial(value=value, params=params, distributions=distributions, user_attrs=attributes)


def test_trials_that_differ_by_their_seed_only_are_one_setting():
    study = study_of(
        trial(0.50, lr0=0.1, seed=0), trial(0.48, lr0=0.2, seed=0), trial(0.40, lr0=0.1, seed=1), trial(0.1, lr0=0.3)
    )
    first, second = leading_settings(StudyView.of(study), 2)
    assert (first.trial.number, first.values) == (1, (0.48,))
    assert (second.trial.number, second.values) == (0, (0.50, 0.40))
    assert second.params == {"train.lr0": 0.1}


def test_a_single_lucky_value_does_not_lead_where_repeats_show_how_far_luck_goes():
    study = study_of(
        trial(0.50, lr0=0.1, seed=0),
        trial(0.40, lr0=0.1, seed=1),  # s = 0.07
        trial(0.46, lr0=0.2, seed=0),  # alone: 0.46 - 0.07 < 0.45 - 0.07 / sqrt(2)
    )
    assert [setting.trial.number for setting in leading_settings(StudyView.of(study), 2)] == [0, 2]


def test_replicates_count_as_repeats():
    study = study_of(
        trial(0.45, lr0=0.1, replicates={"train.seed=3": [0.44], "train.seed=4": [0.46]}), trial(0.2, lr0=0.5)
    )
    assert leading_settings(StudyView.of(study), 1)[0].values == (0.44, 0.46)
    assert seeds_of(StudyView.of(study)) == {3, 4}


def test_a_conditional_parameter_goes_by_its_key():
    optimizer = CategoricalDistribution(["SGD", "AdamW"])
    study = optuna.create_study(direction="minimize")
    study.add_trial(
        create_trial(
            value=1.0,
            params={"train.optimizer": "SGD", "train.lr0 | train.optimizer=SGD": 0.1},
            distributions={"train.optimizer": optimizer, "train.lr0 | train.optimizer=SGD": LR0},
        )
    )
    assert leading_settings(StudyView.of(study), 3)[0].params == {"train.optimizer": "SGD", "train.lr0": 0.1}


def test_a_setting_that_breaks_a_constraint_does_not_lead():
    study = optuna.create_study(direction="maximize")
    good, bad = study.ask(), study.ask()
    good.suggest_float("train.lr0", 0, 1)
    bad.suggest_float("train.lr0", 0, 1)
    bad.set_constraint("latency", 5.0)
    good.set_constraint("latency", -5.0)
    study.tell(good, 0.3)
    study.tell(bad, 0.9)
    assert [setting.trial.number for setting in leading_settings(StudyView.of(study), 3)] == [good.number]


def test_several_objectives_have_no_leader():
    study = optuna.create_study(study_name="two", directions=["maximize", "minimize"])
    with pytest.raises(ConfigError, match="several objectives"):
        leading_settings(StudyView.of(study), 1)


def test_a_study_without_results_has_nothing_to_confirm():
    with pytest.raises(ConfigError, match="No trial of the study 'mine' is complete"):
        leading_settings(StudyView.of(study_of()), 1)


@pytest.mark.parametrize(
    ("seeds", "used", "expected"),
    [
        pytest.param([1, 2, 3], set(), [1, 2, 3], id="none was used"),
        pytest.param([1, 2, 3], {0, 1, 2}, [3, 4, 5], id="used ones are replaced by the next greater"),
        pytest.param([1, 2, 3], {2, 4}, [1, 3, 5], id="also those may have been used"),
    ],
)
def test_seeds_are_fresh(seeds, used, expected):
    assert fresh(seeds, used) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"top": 0}, "top=0", id="no setting"),
        pytest.param({"seeds": []}, "seeds is empty", id="no seed"),
        pytest.param({"seeds": [1, 1]}, "twice", id="a seed twice"),
        pytest.param({"seeds": [-1]}, "0 or more", id="a negative seed"),
    ],
)
def test_arguments_that_train_nothing_new_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        ConfirmOptions(**{"study": "mine", "top": 3, "seeds": [1, 2], **changes})


def sweep(sampler="optuna.samplers.TPESampler", overrides=("train.lr0=0.1", "train.seed=4", "data=mine"), said=()):
    own = OmegaConf.create(
        {"hydra": {"sweeper": {"sampler": {"_target_": sampler}, "callbacks": {"mlflow": {}, "verdict": {}}}}}
    )
    return arguments(
        overrides,
        own,
        study="it's mine",
        trial=7,
        run_id=None,
        seeds=[8, 9],
        total=3,
        folder="multirun/it's mine/confirm",
        said=said,
    )


def test_the_sweep_is_the_trials_own_command_line_with_nothing_but_seeds_to_search():
    said = ("hydra.sweeper.n_jobs=2",)
    overrides = sweep(said=said)
    assert overrides[:3] == ["train.lr0=0.1", "data=mine", *said]
    assert "train.seed=range(0,2147483647)" in overrides
    assert "hydra.sweeper.enqueue=[{train.seed:8},{train.seed:9}]" in overrides
    assert "hydra.sweeper.n_trials=3" in overrides
    assert "hydra.sweeper.params=null" in overrides
    assert not [override for override in overrides if override == "train.seed=4"]


def test_the_study_gets_no_run_of_its_own():
    overrides = sweep()
    assert {"~hydra.sweeper.callbacks.mlflow", "~hydra.sweeper.callbacks.verdict"} <= set(overrides)
    assert "+hydra.sweeper.callbacks.confirm.trial=7" in overrides
    assert "+hydra.sweeper.callbacks.confirm.run_id=null" in overrides


def test_a_sampler_that_would_enumerate_all_seeds_is_replaced():
    assert "hydra/sweeper/sampler=random" in sweep("optuna.samplers.GridSampler")
    assert "hydra/sweeper/sampler=random" not in sweep()


def test_hydra_understands_every_override_of_it():
    from hydra.core.override_parser.overrides_parser import OverridesParser

    parsed = {o.key_or_group: o for o in OverridesParser.create().parse_overrides(sweep())}
    assert parsed["hydra.sweeper.study_name"].value() == "it's mine-confirm-7"
    assert parsed["hydra.sweeper.enqueue"].value() == [{"train.seed": 8}, {"train.seed": 9}]
