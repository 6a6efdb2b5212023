"""docker-compose.yml read for processes on this machine, with Compose's own rules for variables.

Only what the file uses is understood: variables with a default (`${A:-b}`, `${A-b}`) or a demand (`${A:?why}`),
profiles, dependencies, and one published port a service.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from scripts.server_stack.errors import StackError

LOOPBACK = "127.0.0.1"
STORE = "storage"

_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|\{(?P<name>\w+)(?:(?P<operator>:?[-?])(?P<word>[^}]*))?\}|(?P<wrong>))")


@dataclass(frozen=True)
class Service:
    """A service as a process of this machine.

    Attributes:
        name: Its name in the file.
        command: The program and its arguments.
        environment: All that it is told.
        needs: The services that have to be up before it.
        health: The program that succeeds when the service is well; empty where there is none.
        port: The port on which this machine reaches it; None where it has none.
        folder: Where its image is built, and the program thus starts; None for a public image.
        ends: Whether it does one thing and ends.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    needs: tuple[str, ...]
    health: tuple[str, ...]
    port: int | None
    folder: Path | None
    ends: bool


def read_settings(env_file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables for a Compose file: those of `.env`, and before them those of the shell.

    Raises:
        StackError: there is no such file.
    """
    if not env_file.is_file():
        raise StackError(
            f"There is no {env_file} with the secrets of the stack. Make one, at random:\n"
            f"  (umask 077; scripts/stack env > {env_file})"
        )
    in_file = {name: value or "" for name, value in dotenv_values(env_file, interpolate=False).items()}
    return {**in_file, **environment}


def load(compose_file: Path, settings: Mapping[str, str]) -> dict[str, Service]:
    """The services that the settings ask for, each after those that it needs.

    Raises:
        StackError: a variable that has to be set is not.
    """
    raw = yaml.safe_load(compose_file.read_text(encoding="utf-8"))["services"]
    profiles = set(settings.get("COMPOSE_PROFILES", "").split(","))
    chosen = {name: spec for name, spec in raw.items() if profiles.intersection(spec.get("profiles", profiles))}
    specs = {name: _filled(spec, settings) for name, spec in chosen.items()}
    ports = {name: _port(name, spec) for name, spec in specs.items()}
    ending = {
        needed
        for spec in specs.values()
        for needed, how in spec.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    services = {
        name: _service(name, spec, compose_file.parent, ports, ends=name in ending) for name, spec in specs.items()
    }
    return {name: services[name] for name in _in_order(services)}


def fill(text: str, settings: Mapping[str, str]) -> str:
    """A text with its variables put in, by the rules of Compose: `:` makes an empty value count as none.

    Raises:
        StackError: a variable that has to be set is not, or is written in a way that is not understood.
    """

    def value_of(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["name"] is None:
            raise StackError(f"'{text}' has a '$' that begins no ${{NAME}}; a '$' of its own is written '$$'.")
        name, operator, word = match["name"], match["operator"] or "-", match["word"] or ""
        value = settings.get(name)
        if value is None or (not value and operator.startswith(":")):
            if operator.endswith("?"):
                raise StackError(f"{name} is not set: it {word}. `scripts/stack env > .env` makes one at random.")
            return word
        return value

    return _VARIABLE.sub(value_of, text)


def _service(name: str, spec: Any, root: Path, ports: Mapping[str, tuple[int, int] | None], *, ends: bool) -> Service:
    here = _moved_to_this_machine(name, ports)
    test = spec.get("healthcheck", {}).get("test", [])
    return Service(
        name=name,
        command=tuple(here(part) for part in spec.get("command", [])),
        environment={key: here(value) for key, value in spec.get("environment", {}).items()},
        needs=tuple(needed for needed in spec.get("depends_on", {}) if needed in ports),
        health=tuple(here(part) for part in test[1:]),
        port=(found := ports[name]) and found[0],
        folder=root / spec["build"] if "build" in spec else None,
        ends=ends,
    )


def _moved_to_this_machine(name: str, ports: Mapping[str, tuple[int, int] | None]) -> Callable[[str], str]:
    """What turns addresses within the containers' network into those of this machine.

    Within a URL (`@postgres:5432`, `//mlflow:5000`) another service's name and port; and a service's own port,
    wherever it listens, to itself and in its options. The store keeps its name, which only the services can resolve,
    as in the containers' network: what works for clients here works for clients of the containers.
    """

    def moved(text: str) -> str:
        for other, mapping in ports.items():
            if mapping is not None and other != STORE:
                text = re.sub(rf"(?<=[/@]){re.escape(other)}:{mapping[1]}\b", f"{LOOPBACK}:{mapping[0]}", text)
        text = text.replace("0.0.0.0", LOOPBACK)
        if own := ports[name]:
            text = re.sub(rf"(?<=^--port=){own[1]}$|(?<=//{LOOPBACK}:){own[1]}\b", str(own[0]), text)
        return text

    return moved


def _filled(part: Any, settings: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, settings) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, settings) for value in part]
    return fill(part, settings) if isinstance(part, str) else part


def _port(name: str, spec: Mapping[str, Any]) -> tuple[int, int] | None:
    """The port of a service on this machine, and in its container."""
    if not spec.get("ports"):
        return None
    address, host, container = spec["ports"][0].split(":")
    if address != LOOPBACK:
        raise StackError(f"The service {name} publishes a port at {address}; expected {LOOPBACK} only.")
    if not host.isdigit():
        raise StackError(f"The port of the service {name} is '{host}'; expected a number, such as {container}.")
    return int(host), int(container)


def _in_order(services: Mapping[str, Service]) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        for needed in services[name].needs:
            visit(needed)
        if name not in order:
            order.append(name)

    for name in services:
        visit(name)
    return order
