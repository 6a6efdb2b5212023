"""A root file system from the files of Debian's packages that this machine has, where no image can be pulled.

The files are those that `debootstrap` would download; it takes seconds instead of minutes. What packages make when they
are installed (accounts, links of alternatives) is made here as far as Python's and PostgreSQL's servers need it.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

PACKAGES = ("apt", "ca-certificates", "python3-pip", "postgresql-15")
# half of the size (PostgreSQL compiles no queries without llvmjit), and what forbids pip to install
NOT_NEEDED = re.compile(r"/usr/share/(doc|man|locale|i18n|lintian)/|llvmjit|/libLLVM|/libz3|/EXTERNALLY-MANAGED$")
MADE = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ld.so.cache", "/etc/apt/sources.list.d/debian.sources")
LINKS = {"usr/bin/python": "python3", "usr/bin/awk": "mawk", **{each: f"usr/{each}" for each in ("bin", "sbin", "lib")}}
POSTGRES = 999  # the account's number in PostgreSQL's image


def missing() -> list[str]:
    """The packages that this machine does not have; all of them where it is no Debian."""
    try:
        needs, _, _ = _installed()
    except FileNotFoundError:
        return list(PACKAGES)
    return [name for name in PACKAGES if name not in needs]


def write_root(target: IO[bytes]) -> None:
    """Write the root file system as a tar archive."""
    packages = _with_what_they_need(PACKAGES)
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for name, link in {**LINKS, "lib64": "usr/lib64"}.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, link
            archive.addfile(entry)
        for path in [*_files_of(packages), *(made for made in map(Path, MADE) if made.exists())]:
            archive.add(path, str(path)[1:], recursive=False)
        for name, text in _accounts_and_packages(packages):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o644
            archive.addfile(entry, io.BytesIO(text))


def _installed() -> tuple[dict[str, list[str]], dict[str, list[str]], list[str]]:
    """What each package needs, which packages bear a name, and which ones are essential."""
    form = "${db:Status-Abbrev}\t${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    needs: dict[str, list[str]] = {}
    bearers: dict[str, list[str]] = {}
    essential = []
    for line in _printed_by("dpkg-query", "-W", f"-f={form}").splitlines():
        status, name, is_essential, depends, provides = line.split("\t")
        if status.startswith("ii"):
            needs[name] = _names(depends)
            for borne in (name, *_names(provides)):
                bearers.setdefault(borne, []).append(name)
            if is_essential == "yes":
                essential.append(name)
    return needs, bearers, essential


def _names(relation: str) -> list[str]:
    return re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9.+-]+)", relation)


def _with_what_they_need(packages: Sequence[str]) -> list[str]:
    needs, bearers, essential = _installed()
    wanted, chosen = [*packages, *essential], set[str]()
    while wanted:
        name = wanted.pop()
        for bearer in [name] if name in needs else bearers.get(name, []):
            if bearer not in chosen:
                chosen.add(bearer)
                wanted += needs[bearer]
    return sorted(chosen)


def _files_of(packages: Sequence[str]) -> list[Path]:
    """Each once and with its folders before it, where links lead: `/bin/sh` is `/usr/bin/sh`."""
    listed = {Path(line) for line in _printed_by("dpkg-query", "-L", *packages).splitlines() if line.startswith("/")}
    found = {path.parent.resolve() / path.name for path in listed if not NOT_NEEDED.search(str(path))}
    found = {path for path in found if str(path)[1:] not in LINKS and path != Path("/lib64")}
    return sorted(path for path in found if path.is_symlink() or path.exists())


def _accounts_and_packages(packages: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name, account in (
        ("passwd", f"postgres:x:{POSTGRES}:{POSTGRES}::/var/lib/postgresql:/bin/sh\n"),
        ("group", f"postgres:x:{POSTGRES}:\n"),
    ):
        yield f"etc/{name}", Path(f"/usr/share/base-passwd/{name}.master").read_bytes() + account.encode()
    yield "var/lib/dpkg/status", _printed_by("dpkg-query", "--status", *packages).encode()


def _printed_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
