"""What all pages made from templates share."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).parent / "templates"


def environment(*, html: bool) -> Environment:
    """The templates of this package; in HTML ones values are escaped."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["symbols"] = {"good": "✔", "bad": "✘", "unsure": "?"}
    return made
