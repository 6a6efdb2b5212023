"""The services of the stack as processes: brought up in order, told about, and taken down."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.server_stack import postgresql
from scripts.server_stack.compose import LOOPBACK, STORE, Service, load
from scripts.server_stack.errors import StackError
from scripts.server_stack.processes import Processes, answers, check_port, last_lines, wait_until

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
_DATABASE = "postgres"
_PATIENCE_S = 240.0  # MLflow makes its tables at the first start
_OF_THE_MACHINE = ("PATH", "HOME", "LANG", "TMPDIR", "TZ")


@dataclass(frozen=True)
class Standing:
    """How a service stands.

    Attributes:
        name: Its name.
        state: `healthy`, `starting` or `stopped`.
        port: The port on which this machine reaches it.
        remark: What there is to know about it.
    """

    name: str
    state: str
    port: int | None
    remark: str = ""


class Stack:
    """The stack of docker-compose.yml, with its data and logs in a folder."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        """Read the stack.

        Raises:
            StackError: a secret is missing.
        """
        self.services = load(COMPOSE_FILE, settings)
        self._folder = folder.absolute()
        self._processes = Processes(self._folder)
        self._cluster = Cluster(self._folder / "postgres", self.services[_DATABASE])

    def up(self, service: Service) -> None:
        """Start a service if it does not run, and wait until it is healthy; those that it needs are up.

        Raises:
            StackError: it cannot start, or does not become healthy.
        """
        self._folder.mkdir(mode=0o755, exist_ok=True)
        if not service.ends and self._is_running(service):
            self._await(service)
            return
        self._processes.stop(service.name)  # what is left of it, if it was killed
        if service.port is not None:
            check_port(service.name, service.port)
        if service.name == _DATABASE:
            self._cluster.start()
        elif service.ends:
            self._run_to_its_end(service)
        else:
            self._processes.start(
                service.name, self._command(service), self._environment(service), service.folder or self._folder
            )
            self._await(service)

    def down(self, service: Service) -> bool:
        """Stop a service; returns whether it was running."""
        if service.name == _DATABASE:
            return self._cluster.stop()
        return self._processes.stop(service.name)

    def remove(self) -> None:
        """Delete the data and logs of the stack, which is down."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def standings(self) -> list[Standing]:
        """How the servers stand now."""
        return [self._standing(service) for service in self.services.values() if not service.ends]

    def _standing(self, service: Service) -> Standing:
        if not self._is_running(service):
            return Standing(service.name, "stopped", service.port)
        state = "healthy" if self._is_healthy(service) else "starting"
        remark = "a stand-in, moto: forgets all when it stops" if service.name == STORE else ""
        return Standing(service.name, state, service.port, remark)

    def _is_running(self, service: Service) -> bool:
        if service.name == _DATABASE:
            return self._cluster.is_running()
        return self._processes.pid(service.name) is not None

    def _is_healthy(self, service: Service) -> bool:
        if service.name == _DATABASE:
            return self._cluster.is_running()
        if service.name == STORE:
            return service.port is not None and answers(service.port)
        done = subprocess.run(
            service.health, env=self._environment(service), cwd=service.folder, capture_output=True, check=False
        )
        return done.returncode == 0

    def _await(self, service: Service) -> None:
        def settled() -> bool:
            return self._is_healthy(service) or not self._is_running(service)

        if not wait_until(settled, _PATIENCE_S) or not self._is_healthy(service):
            log = self._processes.log(service.name)
            raise StackError(f"{service.name} does not become healthy. The end of {log}:\n{last_lines(log)}")

    def _run_to_its_end(self, service: Service) -> None:
        done = subprocess.run(
            self._command(service),
            env=self._environment(service),
            cwd=service.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackError(f"{service.name} failed:\n{done.stderr.strip()}")

    def _command(self, service: Service) -> list[str]:
        if service.name == STORE:
            return [sys.executable, "-m", "moto.server", "--host", LOOPBACK, "--port", str(service.port)]
        environment = self._environment(service)
        program = shutil.which(service.command[0], path=environment["PATH"])
        if program is None:
            raise StackError(f"There is no program '{service.command[0]}' for {service.name}; `make test` installs it.")
        return [program, *service.command[1:]]

    def _environment(self, service: Service) -> dict[str, str]:
        """What the service is told in its container, and nothing of the user's but where things are."""
        own = {name: os.environ[name] for name in _OF_THE_MACHINE if name in os.environ}
        programs = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
        return {**own, "PATH": programs, "PYTHONUNBUFFERED": "1", **self._way_to_store(), **service.environment}

    def _way_to_store(self) -> dict[str, str]:
        """How services find the stand-in for the store by the name that it has among containers: it is their proxy."""
        if STORE not in self.services:
            return {}
        return {"http_proxy": f"http://{LOOPBACK}:{self.services[STORE].port}", "no_proxy": LOOPBACK}


class Cluster:
    """PostgreSQL with the databases of docker/databases.sh, as its image makes them on its first start."""

    def __init__(self, data: Path, service: Service) -> None:
        self._data = data
        self._service = service
        self._account = postgresql.account_to_run_as()

    def start(self) -> None:
        """Start the server; the first time make its databases.

        Raises:
            StackError: PostgreSQL is not installed, or may not get at the folder.
        """
        settings = [f"port={self._service.port}", f"listen_addresses={LOOPBACK}", "unix_socket_directories="]
        is_new = not (self._data / "PG_VERSION").is_file()
        if is_new:
            self._check_access()
            environment = self._service.environment
            shutil.rmtree(self._data, ignore_errors=True)
            user, password = environment["POSTGRES_USER"], environment["POSTGRES_PASSWORD"]
            postgresql.make_cluster(self._account, self._data, user=user, password=password)
        postgresql.start(self._account, self._data, settings)
        if is_new:
            self._make_databases()

    def stop(self) -> bool:
        """Stop the server; returns whether it was running."""
        if not self.is_running():
            return False
        postgresql.stop(self._account, self._data, "fast")
        return True

    def is_running(self) -> bool:
        """Whether the server answers."""
        return postgresql.is_running(self._account, self._data)

    def _make_databases(self) -> None:
        environment = {
            **self._service.environment,
            "PATH": os.pathsep.join([str(Path(postgresql.program("psql")).parent), os.environ.get("PATH", os.defpath)]),
            "PGHOST": LOOPBACK,
            "PGPORT": str(self._service.port),
            "PGPASSWORD": self._service.environment["POSTGRES_PASSWORD"],
        }
        done = postgresql.run(None, ["sh", str(ROOT / "docker" / "databases.sh")], environment)
        if done.returncode:
            self.stop()
            shutil.rmtree(self._data)  # half of it would be taken for all of it next time
            raise StackError(f"The databases could not be made:\n{done.stdout.strip()}")

    def _check_access(self) -> None:
        if self._account is None:
            return
        folder = self._data.parent
        if postgresql.run(self._account, ["test", "-x", str(folder)]).returncode:
            raise StackError(
                f"PostgreSQL does not run as root but as {self._account}, who may not enter {folder}. Name a folder"
                " that everybody may enter: scripts/stack --folder /var/tmp/stack …"
            )
