"""What Hydra's completion of the command line has to know of the user's own files."""

from collections.abc import MutableMapping, Sequence

from src.config.folders import with_own_folder

_LINE = "COMP_LINE"  # of the shell: what has been typed


def is_completing(arguments: Sequence[str]) -> bool:
    """Whether a shell asks what may follow, or for Hydra's script that asks."""
    return any(argument in ("-sc", "--shell-completion") for argument in arguments)


def complete_with_own_folder(environment: MutableMapping[str, str]) -> None:
    """Let the names of the user's own `conf/` be among the answers.

    Side effects: adds Hydra's search path to the line in the environment, before its last word. Hydra parts the line at
    spaces, so that a folder with a space is left out.
    """
    added = with_own_folder([])
    if added and _LINE in environment and " " not in added[0]:
        before, _, current = environment[_LINE].rpartition(" ")
        environment[_LINE] = f"{before} {added[0]} {current}"
