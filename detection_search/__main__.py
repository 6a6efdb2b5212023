"""`detsearch COMMAND …`: the commands of the project, from any folder."""

import os
import sys

from detection_search import completion
from detection_search.api import STAGES, decide, program
from src.core.errors import ProjectError

COMMANDS = {
    "prepare": "make the data set in the form that training needs",
    "train": "train once, or with -m search",
    "report": "what a search found; or runs beside each other",
    "confirm": "train a study's leading settings again with fresh seeds",
    "freeze": "write params.yaml for the pipeline, of a study's best trial",
    "evaluate": "what a model does in deployment: metrics, latency, ONNX",
    "tune_threshold": "the exact threshold to deploy it with",
    "decide": "whether it is good enough, with reasons",
    "promote": "register a model that was accepted",
    "monitor": "whether production's pictures are those it was judged on",
    "serve": "answer with a registered model over HTTP",
    "sync": "deliver what waits for MLflow",
}
_PIPELINE = "pipeline"
_COMPLETION = "completion"


def main() -> None:
    """Become `python -m src.COMMAND` with the same arguments, or run the stages of the pipeline one after another.

    Side effects: replaces the process; prints, where it is none of these commands; exits with a failure where there
    is no such command, or a stage has failed.
    """
    command, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if command in COMMANDS:
        line, environment = program(command, *arguments)
        sys.stdout.flush()
        os.execve(line[0], line, environment)
    if command == _PIPELINE and not {"-h", "--help"} & set(arguments):
        _run_pipeline(arguments)
        return
    if command == _COMPLETION:
        _print_completion(arguments)
        return
    listed = {
        **COMMANDS,
        _PIPELINE: "run what freeze wrote, or some stages of it (as `dvc repro`)",
        _COMPLETION: f"print what a shell needs to complete all this: {', '.join(completion.SHELLS)}",
    }
    text = "\n".join(["detsearch COMMAND [overrides]", "", *(f"  {name:<16}{what}" for name, what in listed.items())])
    print(f"{text}\n\ndetsearch COMMAND --help says what a command takes.")
    if command not in ("-h", "--help", _PIPELINE):
        sys.exit(f"{command} is no command.")


def _run_pipeline(stages: list[str]) -> None:
    try:
        decide(stages or STAGES)
    except ProjectError as error:
        sys.exit(f"{error}")


def _print_completion(arguments: list[str]) -> None:
    shell = arguments[0] if arguments else completion.SHELLS[0]
    if shell not in completion.SHELLS:
        sys.exit(f"completion {shell}: expected one of {', '.join(completion.SHELLS)}.")
    print(completion.script(shell, [*COMMANDS, _PIPELINE, _COMPLETION]), end="")


if __name__ == "__main__":
    main()
