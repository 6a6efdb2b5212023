"""The frame around every entry point: registered schemas, readable errors, helpful key names.

An entry point is a Hydra app of a few lines:

    @hydra.main(**app.ROOT)
    def main(cfg: DictConfig) -> float | None:
        with app.readable_errors():
            return stage(options_from(cfg))

    if __name__ == "__main__":
        app.run(main)
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import CompactHydraException, HydraException

from src.config import schema
from src.core.errors import ConfigError, ProjectError, did_you_mean
from src.core.secrets import adopt_tracking_credentials, refuse_secrets

# One root configuration for all entry points (docs/architecture.md, decision 1).
ROOT = {
    "version_base": "1.3",
    "config_path": str(Path(__file__).resolve().parents[2] / "conf"),
    "config_name": "config",
}


def root_with_arguments(name: str) -> dict[str, str]:
    """The root of a command beside the pipeline: `conf/NAME.yaml`, which adds the command's own arguments (ADR 8)."""
    return {**ROOT, "config_name": name}


INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def run(main: Callable[[], Any]) -> None:
    """Run a Hydra entry point from the command line.

    Side effects: registers the schemas in Hydra's ConfigStore; takes credentials out of MLFLOW_TRACKING_URI; exits the
    process with status 1 when an override holds a secret or names a key that no section has.
    """
    schema.register()
    adopt_tracking_credentials(os.environ)
    try:
        refuse_secrets(sys.argv[1:])
        check_keys(sys.argv[1:])
    except ConfigError as error:
        sys.exit(f"{error}")
    main()


@contextmanager
def readable_errors() -> Iterator[None]:
    """Let Hydra print the project's own errors without a traceback, and end quietly on Ctrl-C.

    Raises:
        CompactHydraException: in place of a ProjectError, which stays its cause.
        SystemExit: in place of KeyboardInterrupt.
    """
    try:
        yield
    except ProjectError as error:
        raise CompactHydraException(f"{type(error).__name__}: {error}") from error
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _is_frozen(arguments: list[str]) -> bool:
    """Whether the primary config is a file of its own, such as params.yaml, and not the composition of conf/."""
    return any(argument in ("-cn", "--config-name") or argument.startswith("--config-name=") for argument in arguments)


def check_keys(arguments: list[str]) -> None:
    """Refuse overrides of keys that a section does not have, and name the nearest one that it has.

    Hydra refuses them too, but cannot say what was meant. Arguments that are no overrides are left to Hydra.

    Raises:
        ConfigError: a section (`train`, `data`, …) has no such key, or a group is chosen for a frozen configuration.
    """
    known = schema.keys_by_section()
    frozen = _is_frozen(arguments)
    for argument in arguments:
        if argument.startswith("-"):
            continue
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            continue
        section, _, key = override.key_or_group.partition(".")
        if frozen and section in known and not key and section != "tracking":
            raise ConfigError(
                f"'{argument}' chooses another {section} for a configuration that is frozen, and would mix the two."
                f" Freeze again with it (`python -m src.freeze … {argument}`), or set single values: {section}.KEY=…"
            )
        if section in known and key and key.split(".")[0] not in known[section]:
            if reason := schema.why_not(section, key):
                raise ConfigError(f"'{section}.{key}' cannot be set: {reason}.")
            raise ConfigError(
                f"'{section}.{key}' is not a setting of '{section}'.{did_you_mean(key, known[section])}"
                f" `--cfg job --package {section}` lists them all."
            )
