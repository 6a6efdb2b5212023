"""What can be set under `hydra.sweeper`, with the field names of the official hydra-optuna-sweeper.

Arguments of samplers and pruners are listed with None for "Optuna's own default", so that a new release of Optuna
brings its new defaults.
"""

from dataclasses import dataclass, field, make_dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

PROVIDER = "optuna_search"
NAMES = ("optuna", "optuna_search")  # of the sweeper; the second is always this one
_SEEDED = {"seed": int}
_GENETIC = {
    **_SEEDED,
    "population_size": int,
    "mutation": Any,
    "mutation_prob": float,
    "crossover": Any,
    "crossover_prob": float,
    "swapping_prob": float,
    "constraints_func": Any,
}

# name: (class, its arguments)
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "tpe": (
        "optuna.samplers.TPESampler",
        {
            **_SEEDED,
            "consider_prior": bool,
            "prior_weight": float,
            "consider_magic_clip": bool,
            "consider_endpoints": bool,
            "n_startup_trials": int,
            "n_ei_candidates": int,
            "multivariate": bool,
            "group": bool,
            "constant_liar": bool,
            "warn_independent_sampling": bool,
            "constraints_func": Any,
        },
    ),
    "random": ("optuna.samplers.RandomSampler", _SEEDED),
    "grid": ("optuna.samplers.GridSampler", _SEEDED),
    "cmaes": (
        "optuna.samplers.CmaEsSampler",
        {
            **_SEEDED,
            "x0": Any,
            "sigma0": float,
            "n_startup_trials": int,
            "independent_sampler": Any,
            "warn_independent_sampling": bool,
            "consider_pruned_trials": bool,
            "restart_strategy": str,
            "popsize": int,
            "inc_popsize": int,
            "use_separable_cma": bool,
            "with_margin": bool,
            "lr_adapt": bool,
            "source_trials": Any,
        },
    ),
    "gp": (
        "optuna.samplers.GPSampler",
        {
            **_SEEDED,
            "independent_sampler": Any,
            "n_startup_trials": int,
            "deterministic_objective": bool,
            "constraints_func": Any,
            "warn_independent_sampling": bool,
        },
    ),
    "nsgaii": ("optuna.samplers.NSGAIISampler", _GENETIC),
    "nsgaiii": ("optuna.samplers.NSGAIIISampler", {**_GENETIC, "reference_points": Any, "dividing_parameter": int}),
    "qmc": (
        "optuna.samplers.QMCSampler",
        {
            **_SEEDED,
            "qmc_type": str,
            "scramble": bool,
            "independent_sampler": Any,
            "warn_asynchronous_seeding": bool,
            "warn_independent_sampling": bool,
        },
    ),
    "brute_force": ("optuna.samplers.BruteForceSampler", {**_SEEDED, "avoid_premature_stop": bool}),
}

PRUNERS: dict[str, tuple[str, dict[str, Any]]] = {
    "none": ("optuna.pruners.NopPruner", {}),
    "median": (
        "optuna.pruners.MedianPruner",
        {"n_startup_trials": int, "n_warmup_steps": int, "interval_steps": int, "n_min_trials": int},
    ),
    "percentile": (
        "optuna.pruners.PercentilePruner",
        {
            "percentile": float,
            "n_startup_trials": int,
            "n_warmup_steps": int,
            "interval_steps": int,
            "n_min_trials": int,
        },
    ),
    "successive_halving": (
        "optuna.pruners.SuccessiveHalvingPruner",
        {"min_resource": Any, "reduction_factor": int, "min_early_stopping_rate": int, "bootstrap_count": int},
    ),
    "hyperband": (
        "optuna.pruners.HyperbandPruner",
        {"min_resource": int, "max_resource": Any, "reduction_factor": int, "bootstrap_count": int},
    ),
    "wilcoxon": ("optuna.pruners.WilcoxonPruner", {"p_threshold": float, "n_startup_steps": int}),
    "threshold": (
        "optuna.pruners.ThresholdPruner",
        {"lower": float, "upper": float, "n_warmup_steps": int, "interval_steps": int},
    ),
    "patient": ("optuna.pruners.PatientPruner", {"wrapped_pruner": Any, "patience": int, "min_delta": float}),
}

# arguments that Optuna demands and nobody else can choose better
_NEEDED: dict[str, dict[str, Any]] = {"percentile": {"percentile": 25.0}, "patient": {"patience": 3}}


@dataclass
class OptunaSweeperConf:
    """`hydra/sweeper=optuna`, or `optuna_search`.

    Attributes:
        sampler: Config group `hydra/sweeper/sampler`.
        pruner: Config group `hydra/sweeper/pruner`.
        direction: `minimize` or `maximize`; a list for several objectives.
        storage: `journal:PATH`, a database URL, `grpc://host:port`, or a mapping with `_target_`. A password comes
            from the environment. Null keeps the study in memory, where one worker runs in this process.
        study_name: Running again with the same name resumes the study. None: the name of the sweep's folder, with a
            number behind it if there is such a study already.
        n_trials: The study's total, trials of earlier runs included.
        n_jobs: Worker slots. With Hydra's own launcher they are threads that wait for their trials' processes, and
            `auto` is one for each core, or `slots_per_gpu` for each GPU, as long as there is memory for another trial.
            Another launcher must be able to run that many at once.
        mode: `slots` draw a trial whenever one is free; `batch` draws `n_jobs` trials at a time and waits for all of
            them, so that a sweep is repeated to the digit however many run at once.
        max_failure_rate: The sweep stops when a greater share of the study's trials has failed.
        max_retries: How often parameters are queued again whose trial lost its worker, or failed by `retry_on`.
        retry_on: Names of exceptions, e.g. `torch.OutOfMemoryError`, of signals, or `TrialTimeout`.
        retry_overrides: Overrides that a trial gets on its retry after such a failure.
        trial_timeout_s: A trial that takes longer is ended and has failed.
        lease_s: A worker on another machine that shows no sign of life for so long is taken for dead.
        params: Override text by key; a list stands for a choice; `{when: {key=value: text}}` for a condition. The
            command line wins over it.
        custom_search_space: Dotted path of `f(cfg, trial)`, called for each trial after `params`.
        enqueue: Points to try first, as mappings from key to value; the string `default` stands for the configured
            values of all searched parameters.
        prior: Preferred values by key, as in `{lr: 0.002}`. They are tried first, and a share of the trials is drawn
            around them, which falls with every result, and at once where the best trials lie elsewhere.
        warm_start_from: Name of a study in the same storage, or a list of them, whose best points are tried first.
        repeats: `{over: KEY, values: [...], reduce: mean}` runs each point once for each value, as one trial. With
            `leaders: N` each point is run once, with the first value, as a trial; within the last quarter of the total
            the N leading ones are run with the second, and then again where that is worth more than a new point.
        timeout_s: No trial starts after so many seconds.
        validate: Dotted path of `f(cfg, searched)`, called before any trial with composed configurations at the edges
            of the space and the set of searched keys; what it raises refuses the sweep.
        callbacks: Optuna callbacks by any name, each with `_target_`. One that has `on_sweep_start(study)` or
            `on_sweep_end(study)` is also called then.
        isolation: `process` runs each trial in a process of its own, `none` in the worker's.
        preload: Modules that the trials' fork server imports once.
        devices: `auto` divides all visible GPUs between the slots, a list only those, `cpu` none.
        slots_per_gpu: How many slots share one GPU. `auto`, with `n_jobs=auto`: ever more, up to half as many as there
            are cores, as long as the GPU has time and memory for another trial.
        columns: User attributes of trials to show in the final table.
        metric_names: Names of the objectives; one or a list.
    """

    defaults: list[Any] = field(default_factory=lambda: [{"sampler": "tpe"}, {"pruner": "none"}])
    _target_: str = "hydra_plugins.optuna_search.sweeper.OptunaSweeper"
    _recursive_: bool = False
    sampler: Any = MISSING
    pruner: Any = MISSING
    direction: Any = "minimize"
    storage: Any = "journal:multirun/optuna.journal"
    study_name: str | None = None
    n_trials: int = 20
    n_jobs: Any = 1
    mode: str = "slots"
    max_failure_rate: float = 0.0
    max_retries: int = 3
    retry_on: list[str] = field(default_factory=list)
    retry_overrides: list[str] = field(default_factory=list)
    trial_timeout_s: float | None = None
    lease_s: float = 60.0
    params: dict[str, Any] | None = field(default_factory=dict)
    custom_search_space: str | None = None
    enqueue: Any = field(default_factory=lambda: ["default"])
    prior: Any = None
    warm_start_from: Any = None
    repeats: Any = None
    timeout_s: float | None = None
    validate: str | None = None
    callbacks: dict[str, Any] = field(default_factory=dict)
    isolation: str = "process"
    preload: list[str] = field(default_factory=list)
    devices: Any = "auto"
    slots_per_gpu: Any = 1
    columns: list[str] = field(default_factory=list)
    metric_names: Any = None


def register() -> None:
    """Store the sweeper's configuration groups, in place of another plugin's of the same names.

    The official hydra-optuna-sweeper has the names `optuna`, `tpe` and so on, too; samplers of the one do not fit the
    other. `optuna_search` is a name that nobody else has.
    """
    for name in NAMES:
        _store("hydra/sweeper", name, OptunaSweeperConf)
    for group, choices in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        for name, (target, arguments) in choices.items():
            _store(f"hydra/sweeper/{group}", name, _schema(f"{name}_{group}", target, arguments, _NEEDED.get(name, {})))


def _store(group: str, name: str, node: Any) -> None:
    store = ConfigStore.instance()
    there = store.repo
    for part in group.split("/"):
        there = there.setdefault(part, {})
    if getattr(there.get(f"{name}.yaml"), "provider", None) == PROVIDER:
        return  # an app that composes twice
    there.pop(f"{name}.yaml", None)  # Hydra 1.4 warns of what is stored over something else
    store.store(group=group, name=name, node=node, provider=PROVIDER)


def _schema(name: str, target: str, arguments: dict[str, Any], values: dict[str, Any]) -> type[Any]:
    optional = [
        (argument, kind if kind is Any else kind | None, field(default=values.get(argument)))
        for argument, kind in arguments.items()
    ]
    return make_dataclass(name, [("_target_", str, field(default=target)), *optional])
