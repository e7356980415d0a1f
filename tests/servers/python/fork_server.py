"""Fork server: imports the libraries once, and forks a process for each launcher."""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import runpy
import selectors
import signal
import socket
import sys
import time
import warnings
from contextlib import suppress

# Not prefect_aws: it reads settings of its own when it is imported.
LIBRARIES = (
    "prefect",
    "prefect.cli",
    "prefect.cli.deploy",
    "prefect.cli.deployment",
    "prefect.cli.flow_run",
    "prefect.cli.server",
    "prefect.cli.worker",
    "prefect.deployments.runner",
    "prefect.engine",
    "prefect.runner",
    "prefect.server.api.server",
    "prefect.workers.process",
    "cyclopts",
    "rich.console",
    "rich.table",
    "dlt",
    "dlt._workspace.cli._plugins",
    "dlt.destinations.impl.duckdb.duck",
    "dlt.destinations.impl.postgres.postgres",
    "dlt.sources.helpers.requests",
    "duckdb",
    "pyarrow.parquet",
    "aiobotocore.session",
    "boto3",
)


def main(address: str) -> None:
    """Listen until SIGTERM."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in LIBRARIES:
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".new")
    listener.listen(100)
    os.rename(address + ".new", address)
    ended, ends = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(ends)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    waiting.register(ended, selectors.EVENT_READ)
    launchers: dict[int, socket.socket] = {}
    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                launcher = listener.accept()[0]
                pid = _fork(launcher, [listener, waiting, *launchers.values()])
                launchers[pid] = launcher
                waiting.register(launcher, selectors.EVENT_READ, pid)
            elif key.fileobj == ended:
                os.read(ended, 1000)
                _reap(launchers, waiting)
            elif key.data in launchers:
                _forward(key.fileobj, key.data, waiting)


def _fork(launcher: socket.socket, others: list) -> int:
    head, descriptors, *_ = socket.recv_fds(launcher, 8, 3)
    size = int.from_bytes(head, "big")
    text = b""
    while len(text) < size:
        text += launcher.recv(size - len(text))
    pid = os.fork()
    if pid == 0:
        signal.set_wakeup_fd(-1)
        for each in others:
            each.close()
        launcher.close()
        _become(json.loads(text), descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _forward(
    launcher: socket.socket, pid: int, waiting: selectors.BaseSelector
) -> None:
    numbers = b""
    with suppress(ConnectionError):
        numbers = launcher.recv(10)
    with suppress(ProcessLookupError):
        for number in numbers:
            os.kill(pid, number)
        if not numbers:  # the launcher was killed
            waiting.unregister(launcher)
            os.killpg(pid, signal.SIGKILL)


def _reap(launchers: dict[int, socket.socket], waiting: selectors.BaseSelector) -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            launcher = launchers.pop(pid)
            with suppress(KeyError):
                waiting.unregister(launcher)
            with suppress(OSError):
                launcher.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            launcher.close()


def _become(request: dict, descriptors: list[int]) -> None:
    """Run the launcher's arguments as a separate Python process would."""
    os.setsid()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) not in (signal.SIG_IGN, signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        open(0),
        open(1, "w", buffering=-1),
        open(2, "w", buffering=1),
    )
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    time.tzset()
    random.seed()
    sys.executable = request["executable"]
    first, *arguments = request["arguments"]
    is_script = first not in ("-m", "-c")
    folder = os.path.dirname(os.path.abspath(first)) if is_script else ""
    ahead = [] if request["safe_path"] else [folder or request["folder"]]
    ahead += filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:1] = ahead
    _read_prefects_settings()
    code = 1
    try:
        if is_script:
            sys.argv = [first, *arguments]
            runpy.run_path(first, run_name="__main__")
        elif first == "-m":
            sys.argv = arguments
            runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = ["-c", *arguments[1:]]
            exec(compile(arguments[0], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as error:
        code = _exit_code(error)
    except KeyboardInterrupt:
        sys.excepthook(*sys.exc_info())
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        _end(code)


def _read_prefects_settings() -> None:
    import prefect.context
    from prefect.logging import configuration

    prefect.context.refresh_global_settings_context()
    configuration.PROCESS_LOGGING_CONFIG.clear()
    configuration.setup_logging(incremental=False)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _end(code: int) -> None:
    """End like the interpreter: threads, then exit handlers, then buffers."""
    import atexit
    import threading

    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    # This folder and the tests' PYTHONPATH must not hide other modules.
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = ["", *(each for each in sys.path[1:] if each not in given)]
    main(sys.argv[1])
