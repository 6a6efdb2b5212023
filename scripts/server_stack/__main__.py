"""`scripts/stack up | status | down | env`."""

import argparse
import os
import re
import secrets
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.server_stack.compose import LOOPBACK, read_settings
from scripts.server_stack.errors import StackError
from scripts.server_stack.stack import ROOT, Stack, Standing

_EMPTY_SECRET = re.compile(r"^(\w+)=$", re.MULTILINE)
_COLOURS = {"healthy": "green", "starting": "yellow", "stopped": "dim"}


def main() -> None:
    """Do what the command line says."""
    arguments = _parser().parse_args()
    console = Console()
    try:
        if arguments.command == "env":
            sys.stdout.write(random_settings((ROOT / ".env.example").read_text(encoding="utf-8")))
            return
        stack = Stack(read_settings(arguments.env_file, os.environ), arguments.folder)
        if arguments.command == "up":
            _up(stack, console)
        elif arguments.command == "down":
            _down(stack, console, volumes=arguments.volumes)
        console.print(_table(stack.standings()))
        if arguments.command == "up":
            console.print(_how_to_use(stack), highlight=False, soft_wrap=True)
    except StackError as error:
        sys.exit(f"{error}")


def random_settings(example: str) -> str:
    """The text of `.env.example` with a random value for each secret that it leaves empty."""
    return _EMPTY_SECRET.sub(lambda match: f"{match[1]}={secrets.token_hex(24)}", example)


def _up(stack: Stack, console: Console) -> None:
    for service in stack.services.values():
        with console.status(f"{service.name} …"):
            stack.up(service)


def _down(stack: Stack, console: Console, *, volumes: bool) -> None:
    for service in reversed(stack.services.values()):
        with console.status(f"{service.name} …"):
            stack.down(service)
    if volumes:
        stack.remove()


def _table(standings: Iterable[Standing]) -> Table:
    table = Table("service", "state", "address", "")
    for standing in standings:
        colour = _COLOURS[standing.state]
        address = "" if standing.port is None else f"{LOOPBACK}:{standing.port}"
        table.add_row(standing.name, f"[{colour}]{standing.state}[/]", address, standing.remark)
    return table


def _how_to_use(stack: Stack) -> str:
    ports = {name: service.port for name, service in stack.services.items()}
    return (
        "Search with it:\n"
        f"  export MLFLOW_TRACKING_URI=http://{LOOPBACK}:{ports['mlflow']}\n"
        "  export PGPASSWORD=…  # OPTUNA_DB_PASSWORD of .env\n"
        "  python -m src.train -m tracking=server \\\n"
        f"    hydra.sweeper.storage=postgresql://optuna@{LOOPBACK}:{ports['postgres']}/optuna\n"
        f"Look at it:\n  http://{LOOPBACK}:{ports['mlflow']}  MLflow\n"
        f"  http://{LOOPBACK}:{ports['optuna-dashboard']}  Optuna's dashboard"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/stack", description="The server stack of docker-compose.yml as processes on this machine."
    )
    parser.add_argument("--env-file", type=Path, default=ROOT / ".env", help="the settings and secrets (.env)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".stack", help="where data and logs are (.stack)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start what does not run, and wait until all is healthy")
    commands.add_parser("status", help="say what runs")
    down = commands.add_parser("down", help="stop it; the data stays")
    down.add_argument("-v", "--volumes", action="store_true", help="delete the data, too")
    commands.add_parser("env", help="print settings with random secrets, for .env")
    return parser


if __name__ == "__main__":
    main()
