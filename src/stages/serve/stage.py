"""Serve a registered model until the process is told to end."""

import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from src.core.listening import listening, url_of
from src.mlflow.options import TrackingOptions
from src.mlflow.registry.package import config_in, load
from src.mlflow.registry.serving import Served, application
from src.mlflow.registry.store import registry_of
from src.render.serving import page
from src.stages.serve.arguments import ServeArguments

if TYPE_CHECKING:
    from fastapi import FastAPI

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Server:
    """A server that is ready.

    Attributes:
        app: What answers.
        listener: Where it listens; connections wait there until `serve` takes them.
        said: What to tell the one who started it.
    """

    app: "FastAPI"
    listener: socket.socket
    said: Sequence[str]


@contextmanager
def served(arguments: ServeArguments, tracking: TrackingOptions, *, device: str | None) -> Iterator[Server]:
    """Load the version that has the alias, and listen.

    The weights are loaded and have looked at a picture before anything is answered, so that the first request takes no
    longer than others.

    Args:
        arguments: Which model, and where it answers.
        tracking: Where the registry is.
        device: As Ultralytics takes it; None for the best available.

    Raises:
        ConfigError: nothing is recorded, or the address cannot be had.
        RegistryError: there is no such version, or the store does not answer.
    """
    with listening(arguments.host, arguments.port) as listener:
        with registry_of(tracking) as registry, tempfile.TemporaryDirectory() as scratch:
            version = registry.model(arguments.name).at(arguments.name, arguments.alias)
            folder = registry.fetch_model(version, Path(scratch))
            html = page(version.name, version.number, arguments.alias, config_in(folder))
            model = load(folder, backend=arguments.backend, device=device)  # it needs no file afterwards
        which = Served(version.name, version.number, arguments.alias, arguments.backend)
        yield Server(application(model, which, html), listener, _said(arguments, version.number, listener))


def serve(server: Server) -> None:
    """Answer until Ctrl-C or SIGTERM; requests that are being answered end first."""
    uvicorn.Server(uvicorn.Config(server.app, log_level="warning")).run(sockets=[server.listener])


def _said(arguments: ServeArguments, version: int, listener: socket.socket) -> list[str]:
    address = url_of(listener, arguments.host)
    lines = [
        f"Version {version} of {arguments.name} ({arguments.alias}) answers at {address}",
        f"  a page to try it:   {address}/",
        f"  boxes on images:    POST {address}/invocations",
        f"  for Prometheus:     {address}/metrics",
    ]
    if arguments.host not in _LOOPBACK:
        lines.append(f"host={arguments.host}: whoever reaches this address can use the model; it asks for no password.")
    return lines
