import pytest
from omegaconf import OmegaConf

from src.core.errors import ConfigError
from src.mlflow.options import TrackingOptions


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"kind": "mlfow"}, "tracking.kind is 'mlfow'; valid are mlflow, none. Did you mean 'mlflow'?"),
        ({"log_weights": "last"}, "tracking.log_weights is 'last'"),
        ({"uri": " "}, "tracking.uri is empty"),
        ({"wait_s": -1.0}, "tracking.wait_s is -1.0"),
        ({"wait_s": float("nan")}, "tracking.wait_s is nan"),
        ({"uri": "http://server:5000", "artifacts": "mlartifacts"}, "could not read it"),
    ],
)
def test_values_that_cannot_work_are_refused(setting, message):
    """The error names the key and the value, and says what is valid."""
    with pytest.raises(ConfigError) as error:
        TrackingOptions(**setting)
    assert message in str(error.value)


def test_options_survive_a_structured_configuration():
    """They are a schema of OmegaConf as well as the object that comes out of it."""
    config = OmegaConf.merge(OmegaConf.structured(TrackingOptions), {"kind": "none"})
    assert OmegaConf.to_object(config) == TrackingOptions(kind="none")


@pytest.mark.parametrize("choice", ["local", "server", "none"])
def test_the_choices_in_conf_compose(choice, monkeypatch):
    """Every file of the group is valid by its schema."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from src.config import app, schema

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    schema.register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(app.ROOT["config_path"], version_base="1.3"):
        config = compose(overrides=[f"+tracking={choice}"])
    options = OmegaConf.to_object(config.tracking)
    assert isinstance(options, TrackingOptions)
    assert options.kind == ("none" if choice == "none" else "mlflow")
