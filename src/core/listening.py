"""Where a server of this project listens."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from src.core.errors import ConfigError

_WAITING = 128  # connections


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket at an address; taken before seconds go into what is to be served there.

    Args:
        host: A name or an address of this machine.
        port: 0 takes a free one.

    Raises:
        ConfigError: the address is taken, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"host={host} port={port}: {error.strerror or error}. port=0 takes a free port."
            ) from error
        listener.listen(_WAITING)
        yield listener


def url_of(listener: socket.socket, host: str) -> str:
    """The URL of what is served at a socket that was opened for `host`."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"
