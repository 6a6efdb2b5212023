"""What names of classes have in common, wherever they are written."""

import re
from collections import Counter
from collections.abc import Sequence

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def why_not(names: Sequence[str]) -> str:
    """Why these names cannot be those of a data set's classes; empty if they can."""
    # Two classes of one name would be one class wherever they are looked up.
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        return f"two classes are called '{twice[0]}'; give each class a name of its own"
    if not all(name.strip() for name in names):
        return f"class {next(i for i, name in enumerate(names) if not name.strip())} has an empty name"
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            return f"the class name {name!a} is no valid text (half of a surrogate pair, or bytes that are no UTF-8)"
        if controls := _CONTROLS.search(name):
            return f"the class name {name!r} holds the control character {controls[0]!r}; it is a text in one line"
    return ""
