"""Completion of commands and settings in bash: `detsearch completion`.

Hydra answers what may follow, as it does for `-sc install=bash`; its own script knows only programs of one word.
"""

_SCRIPT = """\
# Completion of detsearch and of `python -m src.COMMAND`, by `detsearch completion`.
_detection_search_settings() { # what starts the command, and the line from its name on
    local line=$2 current choices
    current=${line##* }
    choices=$(COMP_LINE=$line COMP_POINT=${#line} $1 -sc query=bash 2>/dev/null)
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
    if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then # the shell completes what follows the =
        COMPREPLY=("${COMPREPLY[@]#"${current%=*}="}")
    fi
}
_detsearch() {
    local line=${COMP_LINE:0:COMP_POINT} name=${COMP_WORDS[1]}
    if (( COMP_CWORD <= 1 )); then
        compopt +o nospace 2>/dev/null
        COMPREPLY=($(compgen -W "COMMANDS" -- "$name"))
    else
        _detection_search_settings "${COMP_WORDS[0]} ${name/freeze/train}" "${line#* }"
    fi
}
_detection_search_python() {
    local line=${COMP_LINE:0:COMP_POINT} name=${COMP_WORDS[2]}
    if [[ ${COMP_WORDS[1]} == -m && $name == src.* ]] && (( COMP_CWORD > 2 )); then
        _detection_search_settings "${COMP_WORDS[0]} -m ${name/freeze/train}" "${line#* -m }"
    fi
}
complete -o nospace -o default -F _detsearch detsearch
complete -o nospace -o default -F _detection_search_python python
"""


def script(commands: list[str]) -> str:
    """What bash has to read."""
    return _SCRIPT.replace("COMMANDS", " ".join(commands))
