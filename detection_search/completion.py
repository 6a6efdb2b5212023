"""Completion of commands and settings in a shell: `detsearch completion bash`, `zsh` or `fish`.

Hydra answers what may follow, as it does for `-sc install=bash`; its own scripts know only programs of one word.
"""

_BASH = """\
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

_ZSH = """\
# Completion of detsearch, by `detsearch completion zsh`.
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_detsearch() {
    local -a choices
    if (( CURRENT == 2 )); then
        choices=(COMMANDS)
        compadd -a choices
    else
        local COMP_LINE="${(j: :)words[2,CURRENT]}"
        export COMP_LINE
        choices=(${(f)"$($words[1] ${words[2]/freeze/train} -sc query=fish 2>/dev/null)"})
        compadd -S '' -a choices || _files
    fi
}
compdef _detsearch detsearch
"""
_FISH = """\
# Completion of detsearch, by `detsearch completion fish`.
function __detsearch_settings
    set -l words (commandline -cpo) (commandline -ct)
    set -lx COMP_LINE (string join -- ' ' $words[2..])
    $words[1] (string replace freeze train -- $words[2]) -sc query=fish 2>/dev/null
end
complete -c detsearch -n __fish_is_first_token -f -a 'COMMANDS'
complete -c detsearch -n 'not __fish_is_first_token' -a '(__detsearch_settings)'
"""
_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
SHELLS = tuple(_SCRIPTS)


def script(shell: str, commands: list[str]) -> str:
    """What a shell, one of `SHELLS`, has to read."""
    return _SCRIPTS[shell].replace("COMMANDS", " ".join(commands))
