"""The arguments of commands beside the pipeline."""

from dataclasses import dataclass, field

import pytest
from omegaconf import OmegaConf

from src.config.sections import arguments, section
from src.core.errors import ConfigError


@dataclass
class Arguments:
    """Of a command."""

    study: str = ""
    top: int = 3
    seeds: list[int] = field(default_factory=list)
    record: str | None = None

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ConfigError(f"top is {self.top}; expected 1 or more.")


def composed(**changes):
    return OmegaConf.create(
        {"study": "mine", "top": 2, "seeds": [4, 5], "record": None, "train": {"lr0": 0.1}, **changes}
    )


def test_they_are_the_top_level_keys_with_the_names_of_the_fields():
    assert arguments(composed(), Arguments) == Arguments(study="mine", top=2, seeds=[4, 5], record=None)


def test_a_missing_one_is_asked_for_by_its_name():
    with pytest.raises(ConfigError, match=r"study has no default: give it, study=…"):
        arguments(composed(study="???"), Arguments)


def test_one_of_another_type_is_refused_with_its_value():
    with pytest.raises(ConfigError, match=r"top=three: .*could not be converted to Integer"):
        arguments(composed(top="three"), Arguments)


def test_the_dataclass_checks_its_values():
    with pytest.raises(ConfigError, match=r"top is 0; expected 1 or more"):
        arguments(composed(top=0), Arguments)


def test_an_interpolation_that_leads_nowhere_is_named():
    """By the key that it is written for."""
    cfg = OmegaConf.create({"train": {"lr0": "${data.nope}"}})
    with pytest.raises(ConfigError, match=r"^train\.lr0: Interpolation key 'data\.nope' not found"):
        section(cfg, "train", dict)
