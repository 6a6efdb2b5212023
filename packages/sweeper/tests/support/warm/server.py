"""Imports libraries once and forks a process for each program that `client.py` asks for.

A program ends as the interpreter ends it: a traceback, threads, exit handlers, the status. Only what the libraries have
made is not taken apart, which would touch, and so copy, all of it. What the program starts by `sys.executable` is
started in the same way.
"""

import atexit
import contextlib
import fcntl
import gc
import importlib
import importlib.util
import inspect
import json
import multiprocessing.process
import multiprocessing.spawn
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import types
import warnings
from pathlib import Path
from typing import Any, NoReturn

HOLD = b"h"  # said by who needs the server; anything else is the beginning of a program
MOST_FILES = 200  # that a program is given
ABOVE = 1000  # numbers that no file of a program has
LOST_OUTPUT = 120  # the interpreter's status where the last of the output cannot be written


def listen(address: str) -> socket.socket:
    """Wait for clients from here on, in the background; whoever started this goes on when it returns."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(100)
    if os.fork():
        os._exit(0)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    return listener


def serve(listener: socket.socket) -> dict[str, Any]:
    """Fork programs until nobody holds this server; returns only in a process that is to become a program."""
    signal.signal(signal.SIGCHLD, forget)
    holders: list[socket.socket] = []
    while True:
        readable, _, _ = select.select([listener, *holders], [], [])
        for holder in readable:
            if holder is not listener:  # it has nothing to say but its end
                holders.remove(holder)
                holder.close()
                if not holders:
                    shutil.rmtree(Path(listener.getsockname()).parent)
                    os._exit(0)
        if listener not in readable:
            continue
        connection, _ = listener.accept()
        message, files, _, _ = socket.recv_fds(connection, 1, MOST_FILES)
        if message == HOLD:
            holders.append(connection)
            continue
        if os.fork() == 0:
            for other in (listener, *holders):
                other.close()
            return start(connection, files)
        for file in files:
            os.close(file)
        connection.close()


def forget(*_: object) -> None:
    """Take note of the ends of processes that looked after a program."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def start(connection: socket.socket, files: list[int]) -> dict[str, Any]:
    """Fork the program, which is given these files, and look after it; returns in the program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile("rb") as lines:
        request: dict[str, Any] = json.loads(lines.readline())
    os.setpgid(0, 0)
    program = os.fork()
    if program == 0:
        connection.close()
        put(files, request["files"])
        return request
    for file in (0, 1, 2, *files):
        os.close(file)
    threading.Thread(target=pass_on, args=(connection, program), daemon=True).start()
    _, status = os.waitpid(program, 0)
    with contextlib.suppress(OSError):  # the client was killed
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def put(files: list[int], numbers: list[int]) -> None:
    """Give files the numbers that they had for the client."""
    above = [fcntl.fcntl(file, fcntl.F_DUPFD, ABOVE) for file in files]
    for file in (0, 1, 2, *files):
        os.close(file)
    for file, number in zip(above, numbers, strict=True):
        os.dup2(file, number)
        os.close(file)


def pass_on(connection: socket.socket, program: int) -> None:
    """Give a program its client's signals; it ends when the client was killed."""
    with contextlib.suppress(ProcessLookupError, ConnectionResetError):
        while number := connection.recv(1):
            os.kill(program, number[0])
    with contextlib.suppress(ProcessLookupError):
        os.kill(program, signal.SIGKILL)


def become(request: dict[str, Any], executable: str, given: dict[str, str], paths: list[str]) -> None:
    """Make this process what the request describes, and run its code.

    Args:
        request: What the client was started with.
        executable: The command that starts further ones like this.
        given: This process's environment before it imported the libraries; what they have changed is kept.
        paths: Where modules are, apart from the program's own.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD):
        own = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in request["ignored"] else own)
    os.chdir(request["folder"])
    changed = {name: value for name, value in os.environ.items() if given.get(name) != value}
    os.environ.clear()
    os.environ.update(request["environment"] | changed)
    arguments, actions = request["arguments"], os.environ.get("PYTHONWARNINGS", "").split(",")
    unbuffered = False
    while arguments[0] not in ("-m", "-c") and arguments[0].startswith("-"):
        flag = arguments.pop(0)
        if flag.startswith("-W"):
            actions.append(flag[2:] or arguments.pop(0))
        elif flag == "-B":
            sys.dont_write_bytecode = True
        elif flag == "-u":
            unbuffered = True
        else:
            os.execv(sys.executable, [sys.executable, flag, *arguments])
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stdout.reconfigure(write_through=unbuffered)  # type: ignore[attr-defined]
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.executable = executable
    multiprocessing.spawn.set_executable(executable)
    multiprocessing.process.ORIGINAL_DIR = request["folder"]
    tempfile.tempdir = None  # to be looked up again
    sys.warnoptions[:] = filter(None, actions)  # processes that it starts are given them, too
    for action in sys.warnoptions:
        warnings.simplefilter(action)  # type: ignore[arg-type]
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    own_paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    first = {"-m": request["folder"], "-c": ""}.get(arguments[0], str(Path(arguments[0]).resolve().parent))
    sys.path[:] = [first, *own_paths, *paths]
    sys.argv[:] = {"-m": arguments[1:], "-c": ["-c", *arguments[2:]]}.get(arguments[0], arguments)
    importlib.invalidate_caches()
    end(status_of(arguments, main))


def status_of(arguments: list[str], main: types.ModuleType) -> int:
    """Run a program and say with which status it ends, below 0 with which signal."""
    try:
        exec(code_of(arguments, main), main.__dict__)
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return (ended.code or 0) & 0xFF
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def end(status: int) -> NoReturn:
    """End this process with a status, below 0 by that signal, after its threads and exit handlers."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream and not stream.closed:
                stream.flush()
        except (OSError, ValueError):
            status = LOST_OUTPUT
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def code_of(arguments: list[str], main: types.ModuleType) -> types.CodeType:
    """What is to be run, of which `main` is told where it is from."""
    if arguments[0] == "-c":
        return compile(arguments[1], "<string>", "exec")
    if arguments[0] != "-m":
        main.__file__ = str(Path(arguments[0]).absolute())
        return compile(Path(main.__file__).read_bytes(), main.__file__, "exec")
    spec = importlib.util.find_spec(arguments[1])
    if spec and spec.submodule_search_locations:
        spec = importlib.util.find_spec(f"{arguments[1]}.__main__")
    assert spec
    assert spec.origin
    main.__spec__, main.__file__, main.__package__ = spec, spec.origin, spec.parent
    sys.argv[0] = spec.origin
    return spec.loader.get_code(spec.name)  # type: ignore[union-attr, no-any-return]


if __name__ == "__main__":
    before, modules = dict(os.environ), sys.path[1:]
    for library in sys.argv[3:]:
        importlib.import_module(library)
    inspect.getmodule(inspect.currentframe())  # reads all modules' files once; a training asks in which it is
    assert threading.active_count() == 1
    gc.freeze()  # what the libraries have made stays out of the programs' collections
    become(serve(listen(sys.argv[1])), sys.argv[2], before, modules)
