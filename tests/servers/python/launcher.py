"""Stand-in for a Python process: passes everything to a process of the fork server."""

import json
import os
import signal
import socket
import sys

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def main(address: str, usual: str, *arguments: str) -> None:
    given = arguments
    if safe_path := given[:1] == ("-P",):
        given = given[1:]
    if not given or given[0] not in ("-m", "-c") and given[0].startswith("-"):
        os.execv(usual, [usual, *arguments])
    server = socket.socket(socket.AF_UNIX)
    server.connect(address)
    # Signals that arrive before the fork wait in the socket.
    for number in FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda n, _: server.sendall(bytes([n])))
    request = {
        "arguments": given,
        "safe_path": safe_path,
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "executable": os.path.join(os.path.dirname(address), "python"),
        "ignored": [n for n in FORWARDED if signal.getsignal(n) == signal.SIG_IGN],
    }
    text = json.dumps(request).encode()
    socket.send_fds(server, [len(text).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(text)
    # So a search for the processes of a folder finds only the real one.
    os.chdir("/")
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    answer = server.makefile().readline()
    code = int(answer) if answer else -signal.SIGKILL
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
