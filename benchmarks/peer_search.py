"""Ray Tune's and Syne Tune's searches on the recorded tables, in the worlds and with the clock of `replay.py`.

Each replay's trainings are handed over as numbers to `peer_search_there.py`, which lets the peer's own scheduler and
searcher ask and be told, one training at a time. The peers get environments of their own (`peer.py`); this project
depends on neither.

    .venv/bin/python benchmarks/peer_search.py long --replays 200

A peer knows no parameter that depends on another: where a key has a range for each choice of another key, it searches
what is between the lowest and the highest. Rungs are those of `replay.py`: a ninth of the epochs, a third, all.
"""

import argparse
import json
import math
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import peer
import record
import replay
from optuna_search.space.checks import default_point

THERE = Path(__file__).with_name("peer_search_there.py")
PEERS = {
    "ray": ("ray[tune]==2.60.0",),
    "syne": ("syne-tune[gpsearchers,kde]==0.13.0",),  # the last with promotion
}


def main() -> None:
    """Hand over, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", choices=list(replay.GRID))
    parser.add_argument("--replays", type=int, default=200)
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--only", nargs="+", default=[], help="methods of these peers")
    parser.add_argument("--cache", type=Path, default=peer.CACHE, help="where the peers' environments are")
    said = parser.parse_args()
    pythons = {name: peer.make_environment(said.cache / name, PEERS[name]) for name in said.peers}
    with record.composing():
        tables = [replay.Table(name) for name in said.tables]
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for table in tables:
            work = Path(folder, f"{table.name}.json")
            work.write_text(json.dumps(handed_over(table, said.replays)))
            print(f"\n{table.name}\n{'share of the time':<28}" + "".join(f"{share:>17}" for share in replay.SHARES))
            for name, python in pythons.items():
                command = [str(python), str(THERE), name, str(work), *said.only]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as there:
                    assert there.stdout is not None, "it is a pipe"
                    for line in filter(lambda line: line.startswith("{"), there.stdout):  # peers print, too
                        show(table, json.loads(line))
                if there.returncode:
                    raise subprocess.CalledProcessError(there.returncode, command)


def handed_over(table: replay.Table, replays: int) -> dict[str, Any]:
    """All that a peer needs to know of a table, as numbers and texts."""
    worlds = [replay.World(table, seed) for seed in range(replays)]
    numbers = range(len(table.rows))
    return {
        "space": {key: domain(table, key) for key in table.keys},
        "settings": table.settings,
        "default": table.space.by_key(default_point(table.space, table.config)),
        "start_s": [own[0]["start_s"] for own in table.rows],
        "epochs": max(len(row[record.METRIC]) for own in table.rows for row in own),
        "rungs": [replay.RUNGS, replay.REDUCTION],
        "limit_s": sum(table.cost(number, seed) for number, seed in replay.grid_of(table)),
        "worlds": [[world.train(number, 0) for number in numbers] for world in worlds],
    }


def domain(table: replay.Table, key: str) -> dict[str, Any]:
    """The values of a key: choices, or from where to where."""
    cases = [parameter.distribution for parameter in table.space.parameters.values() if parameter.key == key]
    if isinstance(cases[0], optuna.distributions.CategoricalDistribution):
        return {"choices": list(cases[0].choices)}
    whole = isinstance(cases[0], optuna.distributions.IntDistribution)
    return {
        "low": min(case.low for case in cases),
        "high": max(case.high for case in cases),
        "log": cases[0].log,
        "whole": whole,
    }


def show(table: replay.Table, said: dict[str, Any]) -> None:
    """A method's line: the true means of what it would have chosen after each share of the time.

    Args:
        table: The table.
        said: The `method`, and its `choices` in each replay, as (seconds, setting).
    """
    limit_s = sum(table.cost(number, seed) for number, seed in replay.grid_of(table))
    truth = replay.World(table, 0).truth
    reached = []
    for choices in said["choices"]:
        clock = replay.Clock()
        clock.choices = [(when, number) for when, number in choices]
        found = [clock.choice(share * limit_s) for share in replay.SHARES.values()]
        reached.append([truth.mean() if number is None else truth[number] for number in found])
    means, errors = np.mean(reached, axis=0), np.std(reached, axis=0, ddof=1) / math.sqrt(len(reached))
    shown = "".join(f"{mean:>8.4f} ± {error:.4f}" for mean, error in zip(means, errors, strict=True))
    print(f"{said['method']:<28}{shown}", flush=True)


if __name__ == "__main__":
    main()
