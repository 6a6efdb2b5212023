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
from typing import Any, NoReturn

from hydra.errors import CompactHydraException

from src.config import schema
from src.config.completion import complete_with_own_folder, is_completing
from src.config.folders import CONF, with_own_folder
from src.config.keys import check_keys, full_name, without_schemas
from src.config.malformed import refuse_malformed
from src.config.own_data import with_own_data
from src.config.own_files import with_own_files
from src.core.errors import ConfigError, ProjectError
from src.core.secrets import adopt_tracking_credentials, refuse_secrets
from src.core.terminal import print_any_character

# One root configuration for all entry points (docs/architecture.md, decision 1).
ROOT = {
    "version_base": "1.3",
    "config_path": str(CONF),
    "config_name": "config",
}


def root_with_arguments(name: str) -> dict[str, str]:
    """The root of a command beside the pipeline: `conf/NAME.yaml`, which adds the command's own arguments (ADR 8)."""
    return {**ROOT, "config_name": name}


INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def run(main: Callable[[], Any]) -> None:
    """Run a Hydra entry point from the command line.

    Side effects: lets the standard streams print any character; registers the schemas in Hydra's ConfigStore; takes
    credentials out of MLFLOW_TRACKING_URI; writes `data=PATH` out in the arguments; registers
    the file of `search=PATH`; adds the user's own `conf/` and, at the end of Python's path, the folder itself, where
    functions of the user's own are; exits the process with status 1 when an override holds a secret, is none, or names
    a key that no section has.
    """
    if not {"", str(Path.cwd())} & set(sys.path):
        sys.path.append(str(Path.cwd()))
    print_any_character()
    schema.register()
    adopt_tracking_credentials(os.environ)
    if is_completing(sys.argv[1:]):
        complete_with_own_folder(os.environ)
        main()
        return
    try:
        refuse_secrets(sys.argv[1:])
        refuse_malformed(sys.argv[1:], full_name)
        sys.argv[1:] = without_schemas(with_own_files(with_own_data(sys.argv[1:])))
        check_keys(sys.argv[1:], Path(sys.argv[0]).stem)
        sys.argv[1:] = with_own_folder(sys.argv[1:])
        main()
    except ConfigError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:  # while the configuration is composed; later, see below
        _say_interrupted()


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
        _say_interrupted()


def _say_interrupted() -> NoReturn:
    print("Interrupted.", file=sys.stderr)
    raise SystemExit(INTERRUPTED) from None
