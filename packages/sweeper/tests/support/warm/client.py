"""The process that is started in a program's place; the program itself is a process of `server.py`.

Imports next to nothing. Command: the server's address, then what `python` is given.
"""

import array
import json
import os
import signal
import socket
import sys

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def open_files() -> list[int]:
    """The files that this process was given."""
    found = []
    for number in map(int, os.listdir("/dev/fd")):  # noqa: PTH208 - pathlib takes longer to import than all else here
        try:
            os.fstat(number)
        except OSError:  # it was that of the listing
            continue
        found.append(number)
    return found


files = open_files()
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
request = {
    "arguments": sys.argv[2:],
    "folder": os.getcwd(),  # noqa: PTH109
    "environment": dict(os.environ),
    "ignored": [number for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN],
    "files": files,
}
connection.sendmsg([b"p"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
connection.sendall(json.dumps(request).encode() + b"\n")
for passed in PASSED_ON:
    if passed not in request["ignored"]:
        signal.signal(passed, lambda number, _: connection.sendall(bytes([number])))
for file in files:
    os.close(file)  # so that a pipe ends when the program does
os.chdir("/")  # tests look for processes by their folder
answer = connection.recv(16)
status = int(answer) if answer else -signal.SIGKILL
if status < 0:
    if -status in PASSED_ON:
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
