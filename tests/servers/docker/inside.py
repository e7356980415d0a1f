"""Program that becomes a process of a container.

`first` starts a new container's first process in namespaces of its own, `more` one more
process in a running container; both wait for it. What is to run comes as JSON, in the
environment variable PROCESS. Python has to have imported all that it needs before it
leaves this machine's root.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import sys
import traceback
import warnings  # noqa: F401  imported by os.execvpe
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.servers.docker import kernel
from tests.servers.docker.roots import build_root, close_root

NOT_EXECUTABLE, NOT_FOUND = 126, 127


def first(process: dict[str, Any]) -> int:
    """Run a new container's first process, and return its exit code."""
    kernel.control(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # when its supervisor dies
    kernel.leave("mount", "uts", "ipc", "pid", *["net"] * process["own_network"])
    child = os.fork()
    if child == 0:
        _begin(process)
    for opened in (process["error"], process["go"], 0, 1, 2):
        os.close(opened)
    os.write(process["ready"], str(child).encode())
    os.close(process["ready"])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _begin(process: dict[str, Any]) -> None:
    """Become the first process; never returns."""
    try:
        os.setsid()
        os.close(process["ready"])
        # The supervisor connects the network, which it can only when the namespace exists.
        os.read(process["go"], 1)
        socket.sethostname(process["hostname"])
        build_root(process)
        kernel.change_root(process["root"])
        os.umask(0o022)
        os.makedirs(process["folder"], exist_ok=True)
        close_root(process)
    except Exception:
        os.write(process["error"], traceback.format_exc().encode())
        os._exit(NOT_EXECUTABLE)
    become(process)


def more(process: dict[str, Any]) -> int:
    """Run one more process in a container, and return its exit code."""
    of_first = f"/proc/{process['pid']}"
    names = ("ipc", "uts", "net", "pid", "mnt")
    spaces = [os.open(f"{of_first}/ns/{name}", os.O_RDONLY) for name in names]
    root = os.open(f"{of_first}/root", os.O_RDONLY)
    for space in spaces:
        kernel.enter(space)
    os.fchdir(root)
    os.chroot(".")
    for opened in (root, *spaces):
        os.close(opened)
    child = os.fork()
    if child == 0:
        become(process)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def become(process: dict[str, Any]) -> None:
    """Execute the command as its user, with its rights; never returns."""
    try:
        environment = process["environment"]
        user, group, groups, home = identity(process["user"], process["groups"])
        environment = {"HOME": home, **environment}
        os.chdir(process["folder"])
        os.umask(0o022)
        for name, limits in process["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), limits)
        for output in (0, 1, 2):
            if stat.S_ISFIFO(os.fstat(output).st_mode):
                os.fchown(output, user, -1)  # it may open /dev/stdout
        kernel.keep_capabilities(process["capabilities"])
        os.setgroups(groups)
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        if process["no_new_privileges"]:
            kernel.control(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if process["dies_with_caller"]:
            kernel.control(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            signal.signal(number, signal.SIG_DFL)
        if process["init"]:
            _become_init(process)
        os.execvpe(process["command"][0], process["command"], environment)
    except Exception as error:
        # An error of Docker's own: the caller tells it from the command's.
        os.write(process["error"], f"{process['command'][0]}: {error}".encode())
        missing = isinstance(error, FileNotFoundError)
        os._exit(NOT_FOUND if missing else NOT_EXECUTABLE)


def _become_init(process: dict[str, Any]) -> None:
    """Return in a child; stay as the init that forwards signals and reaps."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    os.close(process["error"])
    while True:
        number = signal.sigwait(signal.valid_signals())
        if number != signal.SIGCHLD:
            with suppress(ProcessLookupError):
                os.kill(child, number)
            continue
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    os._exit(code if code >= 0 else 128 - code)


def identity(user: str, groups: list[str]) -> tuple[int, int, list[int], str]:
    """Return user, group, all groups and home, by the container's own files.

    Args:
        user: Name or number, also with `:` and a group; empty for root.
        groups: More groups, by name or number.
    """
    name, _, group = (user or "0").partition(":")
    users = [line.split(":") for line in _lines("/etc/passwd")]
    listed = [line.split(":") for line in _lines("/etc/group")]
    entry = next((each for each in users if name in (each[0], each[2])), None)
    if entry is None and not name.isdigit():
        raise ValueError(f"unable to find user {name}: no matching entries in passwd")

    def number(group: str) -> int:
        for each in listed:
            if group == each[0]:
                return int(each[2])
        if not group.isdigit():
            raise ValueError(f"unable to find group {group}: no matching entries")
        return int(group)

    main = number(group) if group else int(entry[3]) if entry else 0
    of_user = [int(e[2]) for e in listed if entry and entry[0] in e[3].split(",")]
    every = sorted({main, *map(number, groups), *(of_user if not group else [])})
    return int(entry[2] if entry else name), main, every, entry[5] if entry else "/"


def _lines(path: str) -> list[str]:
    try:
        return [line for line in Path(path).read_text().splitlines() if ":" in line]
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    told = json.loads(os.environ["PROCESS"])
    # None is the command's. `error` ends when the command is executed.
    for name in told.keys() & {"ready", "go", "error"}:
        os.set_inheritable(told[name], False)
    ended = first(told) if sys.argv[1] == "first" else more(told)
    os._exit(ended if ended >= 0 else 128 - ended)
