"""Many workers and many trials: what the queue of a study costs, and what it does to its database.

Drawn: milliseconds of a trial that is drawn and told in a study of 100 and of 10,000 trials, on a journal and on
PostgreSQL, there also as Optuna alone opens it. The sampler is random, so that what is measured is the queue and the
storage.

Workers: threads with the sweeper's own queue (draw, lease, tell), whose trials only sleep, all behind one gRPC proxy
of a PostgreSQL, and 40 of them directly on it, as it takes 100 connections by default and a worker has two: the share
of their time that they spend in trials while some are left, whether the total is exact, and the transactions a second.
PostgreSQL's server programs are needed.

    .venv/bin/python benchmarks/scale.py [drawn] [workers] [proxied] [--trials 100 10000] [--workers 1000]
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import optuna
import psycopg
from optuna.distributions import FloatDistribution, distribution_to_json
from optuna.storages import RDBStorage
from optuna.trial import create_trial
from sqlalchemy import text

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "packages" / "sweeper" / "tests")]

from optuna_search.ending import Outcome  # noqa: E402 - the tests' server is found by the path above
from optuna_search.optuna_internals import backend_of, id_of, read_anew, storage_of  # noqa: E402
from optuna_search.run.tell import RetryRules, tell  # noqa: E402
from optuna_search.study.leases import Lease  # noqa: E402
from optuna_search.study.locks import exclusive  # noqa: E402
from optuna_search.study.queue import TrialBudget, claim  # noqa: E402
from optuna_search.study.storages import chosen_by_name, open_storage  # noqa: E402
from support.postgresql import Server, free_port, server  # noqa: E402

DRAWS = 30
DIRECTLY = 40  # workers without a proxy
LEASE_S = 60.0
NAME = "scale"
SPACE = {f"x{index}": FloatDistribution(0.0, 1.0) for index in range(4)}
TRIALS = f"""
INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)
    SELECT number, :study, 'COMPLETE', now(), now() FROM generate_series(CAST(:first AS int), :size - 1) AS number;
INSERT INTO trial_values (trial_id, objective, value, value_type)
    SELECT trial_id, 0, random(), 'FINITE' FROM trials WHERE number >= :first;
INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
    SELECT trial_id, 'x' || place, random(), '{distribution_to_json(SPACE["x0"]).replace(":", chr(92) + ":")}'
    FROM trials, generate_series(0, {len(SPACE) - 1}) AS place WHERE number >= :first;
INSERT INTO trial_user_attributes (trial_id, key, value_json)
    SELECT trial_id, 'worker', '"here"' FROM trials WHERE number >= :first;
ANALYZE
"""
PROCESSES = 8
_ready: Any = None  # for all processes of the workers
SERVE = """
import sys, warnings
import optuna
from optuna_search import open_storage
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
url, port = sys.argv[1:]
optuna.storages.run_grpc_proxy_server(open_storage(url), host="127.0.0.1", port=int(port))
"""


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ["drawn", "workers", "proxied"]
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=parts)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--each", type=int, default=3, help="trials for each worker, in the mean")
    parser.add_argument("--sleep", type=float, nargs=2, default=(1.0, 60.0), help="shortest and longest trial, s")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as scratch, server() as postgresql:
        os.environ["PGPASSWORD"] = postgresql.password
        if "drawn" in said.parts:
            drawn("journal", f"journal:{scratch}/optuna.journal", said.trials)
            drawn("PostgreSQL", postgresql.create("drawn"), said.trials)
            drawn("PostgreSQL as Optuna opens it", by_optuna(postgresql.create("by_optuna")), said.trials)
        if "workers" in said.parts:
            for name, opened_by in (("PostgreSQL", str), ("PostgreSQL as Optuna opens it", by_optuna)):
                url = postgresql.create(f"workers_{opened_by.__name__}")
                count = min(DIRECTLY, said.workers)
                workers(
                    name, postgresql, url=url, storage=opened_by(url), count=count, each=said.each, sleep=said.sleep
                )
        if "proxied" in said.parts:
            url = postgresql.create("proxied")
            with proxy(url) as address:
                count = said.workers
                workers("a proxy", postgresql, url=url, storage=address, count=count, each=said.each, sleep=said.sleep)


def by_optuna(url: str) -> Any:
    """A database, opened by Optuna and not by the sweeper."""
    return {"_target_": "optuna.storages.get_storage", "storage": url}


def opened(storage: Any) -> optuna.Study:
    """The study, as a worker opens it."""
    with chosen_by_name():
        return optuna.create_study(
            study_name=NAME,
            storage=open_storage(storage),
            sampler=optuna.samplers.RandomSampler(),
            load_if_exists=True,
        )


def drawn(what: str, storage: Any, sizes: Sequence[int]) -> None:
    """Print what a trial costs in studies of several sizes."""
    first = None
    for size in sizes:
        fill(opened(storage), size)
        study = opened(storage)
        lease = Lease(storage_of(study), LEASE_S).first
        seconds = []
        for _ in range(DRAWS):
            began = time.perf_counter()
            trial = draw(study, 10**9, lease)
            assert trial is not None
            tell(study, trial, Outcome.completed(0.5), RetryRules(0))
            seconds.append(time.perf_counter() - began)
        median = statistics.median(seconds) * 1000
        first = first or median
        print(f"{what}: a trial costs {median:.1f} ms at {size} trials, {median / first:.2f} of that at {sizes[0]}")


def fill(study: optuna.Study, size: int) -> None:
    """Let a study have so many trials."""
    first = len(study.get_trials(deepcopy=False))
    backend = backend_of(storage_of(study))
    if isinstance(backend, RDBStorage):
        with backend.engine.begin() as connection:
            for statement in filter(None, map(str.strip, TRIALS.split(";"))):
                known = {"first": first, "size": size, "study": study._study_id}
                needed = {name: value for name, value in known.items() if f":{name}" in statement}
                connection.execute(text(statement), needed)
        return
    for _ in range(size - first):
        values = {name: random.random() for name in SPACE}
        study.add_trial(create_trial(value=random.random(), params=values, distributions=SPACE))


def draw(study: optuna.Study, total: int, lease: dict[str, object]) -> optuna.Trial | None:
    """Draw a trial as a worker slot does."""
    with exclusive(study) as locked:
        read_anew(study)
        trial_id = claim(study, total, lease, locked=locked)
        if trial_id is None:
            return None
        trial = optuna.Trial(study, trial_id)
        for name in SPACE:
            trial.suggest_float(name, 0.0, 1.0)
        return trial


def workers(
    what: str, postgresql: Server, *, url: str, storage: Any, count: int, each: int, sleep: Sequence[float]
) -> None:
    """Let workers draw until the total is taken, and print how it went."""
    total = count * each
    opened(url)
    before = transactions(postgresql, url)
    shares = [count // PROCESSES + (index < count % PROCESSES) for index in range(PROCESSES)]
    shares = [share for share in shares if share]
    context = get_context("spawn")
    ready = context.Barrier(len(shares))
    with ProcessPoolExecutor(len(shares), context, initializer=_start_with, initargs=(ready,)) as pool:
        jobs = [pool.submit(many, storage, share, total, tuple(sleep)) for share in shares]
        courses = [course for job in jobs for course in job.result()]
    took = max(last for _, last, _ in courses) - min(first for first, _, _ in courses)
    per_s = (transactions(postgresql, url) - before) / took
    asleep = [sum(slept) / (last - first) for first, last, slept in courses if slept]
    trials = opened(url).get_trials(deepcopy=False)
    exact = len(TrialBudget.of(trials, total).finished) == total
    ids = {id_of(trial) for trial in trials}
    print(
        f"{count} workers on {what}: {statistics.mean(asleep):.3f} of their time in trials while some were left"
        f" (aim: 0.95); {len(ids)} trials of {total}, {'exact' if exact else 'NOT EXACT'}; {per_s:.0f} transactions a"
        f" second, {took:.0f} s in all"
    )


def _start_with(ready: Any) -> None:
    """Let this process begin when the others can, too: starting programs takes the time of those that work."""
    global _ready  # noqa: PLW0603 - a barrier cannot travel with a task
    _ready = ready


def many(storage: Any, count: int, total: int, sleep: tuple[float, float]) -> list[tuple[float, float, list[float]]]:
    """Several workers in this process: when each began and drew for the last time, and how long its trials slept."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    studies = [opened(storage) for _ in range(count)]
    _ready.wait()

    def work(study: optuna.Study) -> tuple[float, float, list[float]]:
        slept: list[float] = []
        first = last = time.monotonic()
        with Lease(storage_of(study), LEASE_S) as lease:
            while (trial := draw(study, total, lease.first)) is not None:
                with lease.held(id_of(trial), lambda: None):
                    seconds = random.uniform(*sleep)
                    time.sleep(seconds)
                tell(study, trial, Outcome.completed(seconds), RetryRules(0))
                slept.append(seconds)
                last = time.monotonic()
        return first, last, slept

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, studies))


def transactions(postgresql: Server, url: str) -> int:
    """How many transactions a database has seen."""
    address = {"host": "127.0.0.1", "port": postgresql.port, "user": "optuna", "password": postgresql.password}
    with psycopg.connect(**address, dbname=url.rpartition("/")[2]) as connection:
        found = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return int(found[0]) if found else 0


@contextmanager
def proxy(url: str) -> Iterator[str]:
    """A gRPC proxy in front of a database; its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SERVE, url, str(port)])
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
