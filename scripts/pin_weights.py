"""Pin public weights, so that `model.weights=NAME` downloads and checks them: `python -m scripts.pin_weights`.

A digest is pinned from a download of the release only, over https, and the table says so. A file at hand is compared
with its pin and never becomes one, as nothing says that it is what was published.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from src.core.errors import ProjectError
from src.core.files import sha256_of
from src.detector.pins import RELEASE, TABLE, Pin, download, pins, write_pins


@dataclass(frozen=True)
class Seen:
    """A file that was looked at.

    Attributes:
        sha256: Of its bytes.
        size: In bytes.
        url: Where it was downloaded from; None for a file at hand.
    """

    sha256: str
    size: int
    url: str | None = None

    @property
    def pin(self) -> Pin | None:
        """What the table says of it; nothing for a file at hand."""
        if self.url is None:
            return None
        return Pin(self.sha256, self.size, self.url, f"this address, downloaded on {date.today().isoformat()}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Look at the files that the command line names, print what each is, and pin what can be.

    Side effects: downloads; writes the table. Exits with status 1 where a file is not as published, or has no pin.
    """
    asked = _parser().parse_args(arguments)
    table: Path = asked.table
    known, is_right = dict(pins(table)), True
    for name in asked.names:
        try:
            seen = _at_hand(asked.folder / name) if asked.folder else _published(f"{asked.release}/{name}")
        except (ProjectError, OSError) as error:
            sentence, is_known = f"{error}", False
        else:
            sentence, is_known = judge(name, seen, known.get(name))
            if is_known and name not in known and seen.pin is not None:
                known[name] = seen.pin
                write_pins(known, table)
        is_right &= is_known
        sys.stdout.write(f"{name}: {sentence}\n")
    sys.exit(0 if is_right else 1)


def judge(name: str, seen: Seen, pin: Pin | None) -> tuple[str, bool]:
    """What a file is, in words, and whether it has a pin or gets one."""
    found = f"{seen.size:,} bytes, sha256 {seen.sha256}"
    if pin is not None and pin.sha256 == seen.sha256:
        return f"as pinned ({pin.source})", True
    if pin is not None:
        return f"NOT the public file: {found}; pinned are {pin.size:,} bytes, sha256 {pin.sha256} ({pin.source})", False
    if seen.url is None:
        return (
            f"not pinned: {found}; nothing says that this is the public {name}. Without --folder it is downloaded",
            False,
        )
    return f"pinned: {found}, from {seen.url}", True


def _at_hand(path: Path) -> Seen:
    return Seen(sha256_of(path), path.stat().st_size)


def _published(url: str) -> Seen:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "weights.pt"
        return Seen(download(url, target, None), target.stat().st_size, url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.pin_weights", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="a public file, such as yolo11n.pt")
    parser.add_argument(
        "--folder", type=Path, help="compare the files of this folder with their pins; download nothing"
    )
    parser.add_argument("--release", default=RELEASE, help=f"where the files are published (default: {RELEASE})")
    parser.add_argument("--table", type=Path, default=TABLE, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
