"""What a run came from, as the courier notes it: the machine, and the tags that MLflow's UI shows."""

from src.mlflow.spool.environment import describe_machine


def machine_now() -> dict[str, str]:
    """The machine and the code as they are now."""
    describe_machine.cache_clear()  # a courier lives for many runs, between which the code may change
    return describe_machine()


def source_tags(environment: dict[str, str]) -> dict[str, str]:
    """The tags from which MLflow's UI fills its columns."""
    tags = {
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": environment.get("script", ""),
        "mlflow.source.git.commit": environment.get("git.commit", ""),
        "mlflow.source.git.branch": environment.get("git.branch", ""),
        "mlflow.user": environment.get("user", ""),
        "git.dirty": environment.get("git.dirty", ""),
    }
    return {name: value for name, value in tags.items() if value}
