"""What is a secret: in settings by their name, in URLs by their place. The one list for whoever writes things down.

A URL is read as SQLAlchemy reads it, whose passwords may hold a slash; and where one could read it in two ways, as the
one with more of a secret in it.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

HIDDEN = "***"

_NAME = re.compile(
    r"(^|[._-])(token|(\w*pass[_-]?(word|wd|phrase)|pass|pwd|secret|credential|auth"
    r"|(api|access|secret|private)[_-]?key([_-]?id)?|(api|access|auth|refresh)[_-]?token)s?)$",  # max_tokens is a count
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(^|[._-])sig(nature)?$", re.IGNORECASE)  # of a URL that whoever has it may use
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # of a name such as authToken
# No value, or a reference; what follows its comma is a default.
_NO_SECRET = re.compile(r"|null|none|true|false|\?\?\?|'?\$\{[^,]*(,\s*(null)?\s*)?\}'?", re.IGNORECASE)
# A database's password may hold spaces.
_URL = re.compile(r"(?P<scheme>\w[\w+.-]*)://(?P<rest>((?<!http://)(?<!https://)[^\s'\"/@:]*:[^@/\n'\"]+@)?[^\s'\"]+)")
_QUERY = re.compile(r"(?P<key>[?&;][\w.-]+)=(?P<value>[^&\s'\"#]+)")


def is_secret(name: str, value: str) -> bool:
    """Whether a setting of that name holds a secret, and not just says where one is."""
    return bool(_NAME.search(_HUMP.sub("_", name))) and not _NO_SECRET.fullmatch(value.strip())


def has_password(text: str) -> bool:
    """Whether a URL in the text holds a password, before its host or in its query."""
    for url in _URL.finditer(text):
        user, _, _ = _userinfo(url).partition("@")
        if ":" in user:
            return True
    return any(_is_secret_parameter(match) for match in _parameters(text))


def without_credentials(text: str) -> str:
    """A text in which `user:password@` of every URL is hidden, and the values of secret parameters."""
    shown = _URL.sub(_shown, text)
    return _QUERY.sub(lambda match: f"{match['key']}={HIDDEN}" if _is_secret_parameter(match) else match[0], shown)


def escapes_missing(url: str) -> bool:
    """Whether a database's URL has an @ before its host that is not written as %40.

    SQLAlchemy takes what follows the first one for the host: messages about the host would show half the password.
    """
    match = _URL.fullmatch(url)
    return match is not None and "@" in _userinfo(match)


def _shown(url: re.Match[str]) -> str:
    userinfo = _userinfo(url)
    return f"{url['scheme']}://{HIDDEN}{url['rest'][len(userinfo) :]}" if userinfo else url[0]


def _userinfo(url: re.Match[str]) -> str:
    """What stands before the host of a URL, without its @; empty if nothing does."""
    rest: str = url["rest"]
    authority = rest.partition("/")[0]
    if not url["scheme"].lower().startswith("http"):
        before, at, _ = rest.rpartition("@")
        return before if at and ("@" in authority or ":" in authority) else ""
    if "@" in authority:
        return authority.rpartition("@")[0]
    port = authority.rpartition(":")[2]
    # a slash in the password, or an @ in the path after a port
    return rest.rpartition("@")[0] if ":" in authority and not port.isdigit() else ""


def _parameters(text: str) -> Iterator[re.Match[str]]:
    for url in _URL.finditer(text):
        yield from _QUERY.finditer(url[0])


def _is_secret_parameter(match: re.Match[str]) -> bool:
    """Whether it is one, or holds one, as `odbc_connect` does."""
    held = _QUERY.finditer(f";{unquote(match['value'])}") if "=" in unquote(match["value"]) else ()
    key = unquote(match["key"][1:])
    return is_secret(key, match["value"]) or bool(_SIGNATURE.search(key)) or any(map(_is_secret_parameter, held))
