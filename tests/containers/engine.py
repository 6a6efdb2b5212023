"""podman with images, networks and volumes of its own, of which nothing is left on the machine."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = {"podman", "runc", "iptables", "ip", "nsenter"}
STORE = "192.0.2.1"  # an address of documentation networks (RFC 5737), within the network of its own
# crun needs CAP_SYS_RESOURCE and one hierarchy of control groups, which not every virtual machine has
CONFIG = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{folder}/store"
runroot = "{folder}/run"
"""


class Engine:
    """podman and podman-compose, in a folder and a network namespace of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._namespace = folder.name
        self._environment = os.environ | {
            "CONTAINERS_CONF": str(self._written("containers.conf", CONFIG)),
            "CONTAINERS_STORAGE_CONF": str(self._written("storage.conf", STORAGE)),
        }
        self._inside = ["nsenter", f"--net=/run/netns/{self._namespace}"]

    def call(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program on the network of the machine; `podman` is this one."""
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 or not check, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def inside(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program on the containers' network, whose `127.0.0.1` has the published ports."""
        return self.call(*self._inside, *command, check=check)

    def start_inside(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a program on the containers' network."""
        return subprocess.Popen([*self._inside, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def build(self, image: str, folder: Path, *options: str) -> None:
        """Build an image, on the machine's network and with pip's settings of this machine."""
        settings = [Path("/etc/pip.conf"), *(Path.home() / each for each in (".config/pip/pip.conf", ".pip/pip.conf"))]
        mounts = [f"--volume={file}:{file}:ro" for file in settings if file.is_file()]
        index = [f"--build-arg={name}={os.environ[name]}" for name in ("PIP_INDEX_URL",) if name in os.environ]
        self.call("podman", "build", "--network=host", f"--tag={image}", *mounts, *index, *options, str(folder))

    def await_healthy(self, container: str, patience_s: float = 300) -> None:
        """Ask for its health as systemd's timer would, which a machine in a virtual machine may not have."""
        until = time.monotonic() + patience_s
        while self.call("podman", "healthcheck", "run", container, check=False).returncode:
            logs = self.call("podman", "logs", "--tail=20", container, check=False)
            assert time.monotonic() < until, f"{container} is not healthy\n{logs.stdout}{logs.stderr}"
            time.sleep(0.5)

    def make_network(self) -> None:
        """The network namespace, with an address that containers reach through their gateway."""
        self.call("ip", "netns", "add", self._namespace)
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{STORE}/32", "dev", "lo")

    def remove(self) -> None:
        """Stop and delete everything."""
        self.inside("podman", "rm", "--all", "--force", "--volumes", check=False)
        self.inside("podman", "network", "prune", "--force", check=False)
        self.call("ip", "netns", "delete", self._namespace, check=False)
        self.call("umount", str(self.folder / "store" / "overlay"), check=False)
        shutil.rmtree(self.folder)

    def _written(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text.format(folder=self.folder))
        return file


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """An engine that is gone at the end, whatever happened."""
    absent = sorted(name for name in PROGRAMS if shutil.which(name) is None)
    packages = "podman runc netavark aardvark-dns iptables iproute2 util-linux"
    assert not absent, f"There is no {', '.join(absent)}: apt-get install --no-install-recommends {packages}"
    assert os.geteuid() == 0, f"Rootless containers were not tried: run it as root, not as {os.geteuid()}."
    assert sys.version_info[:2] == (3, 11), "The packages of this environment are lent to images with Python 3.11."
    made = Engine(folder)
    try:
        made.make_network()
        yield made
    finally:
        made.remove()
