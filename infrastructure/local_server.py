"""Prefect's server on this machine, closed to everybody else.

`python -m infrastructure.local_server` is `prefect server start` with a password of its own. A
page that the browser shows may send requests to this machine, and so may other users of it.
Clients take address and password from Prefect's profile `data-platform`.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import httpx
from prefect.settings import (
    PREFECT_HOME,
    PREFECT_SERVER_API_AUTH_STRING,
)
from prefect.settings.legacy import Setting

from infrastructure import lease_storage
from infrastructure.prefect_profile import PROFILE, make_profile
from utils.errors import ClearError
from utils.redaction.private_files import keep_private
from utils.runs.command_line import command_line, run_commands

HOST = "127.0.0.1"
# Where Prefect's UI keeps the password that a person types.
KEPT_BY_UI = "prefect-password"
SIGN_IN = """\
<!doctype html>
<title>Signing in</title>
<script>
  const password = location.hash.slice(1)
  const headers = {Authorization: `Basic ${password}`}
  fetch("/api/admin/version", {headers}).then(answer => {
    if (answer.ok) localStorage.setItem("%s", password)
    location.replace("/")
  })
</script>
"""
# A page on another port of this machine could show the UI in a frame, and lead clicks to it.
NO_FRAME = "<script>if (self !== top) document.documentElement.remove()</script>"
OPEN = '<!doctype html><meta http-equiv="refresh" content="0; url=%s">\n'

app = command_line("infrastructure.local_server")


@app.default
def serve(*, port: int = 4200) -> None:
    """Start Prefect's server on this machine, with a password that it makes itself.

    Args:
        port: Port of the API and the UI.
    """
    address = f"http://{HOST}:{port}"
    _require_free(port)
    settings = make_profile(f"{address}/api")
    password = settings[PREFECT_SERVER_API_AUTH_STRING]
    home = PREFECT_HOME.value()
    keep_private(home)  # the database is in it
    server = subprocess.Popen(
        [*(sys.executable, "-m", "prefect", "server", "start")]
        + [*("--host", HOST, "--port", str(port))],
        env=_environment(settings, address, port, home / "ui"),
    )
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        if _is_up(server, address, password):
            (home / "ui/v1/sign-in.html").write_text(SIGN_IN % KEPT_BY_UI)
            for index in (home / "ui").glob("*/index.html"):
                _refuse_frames(index)
            page = home / f"{PROFILE}.html"
            encoded = b64encode(password.encode()).decode()
            keep_private(page)
            page.write_text(OPEN % f"{address}/sign-in.html#{encoded}")
            print(f"Open the UI, signed in: {page.as_uri()}", flush=True)
            print(f"In another terminal: export PREFECT_PROFILE={PROFILE}", flush=True)
        status = server.wait()
    except KeyboardInterrupt:  # the server has got it, too
        status = server.wait()
    sys.exit(status)


def _environment(
    settings: dict[Setting, str], address: str, port: int, ui: Path
) -> dict[str, str]:
    # the environment would win over the profile
    names = {setting.name for setting in settings}
    inherited = {name: each for name, each in os.environ.items() if name not in names}
    return inherited | {
        "PREFECT_PROFILE": PROFILE,
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"{address},http://localhost:{port}",
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(ui),
        # runs that the server does not end because it was restarted
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": lease_storage.__name__,
        # runs that wait for another one of their deployment begin soon after its end
        "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
    }


def _require_free(port: int) -> None:
    """Reject a port where another program would be given the password."""
    with socket.socket() as tried:
        tried.settimeout(1)
        if tried.connect_ex((HOST, port)) == 0:
            raise ClearError(
                f"Another program listens on the port {port}. Nothing was started. End it,"
                " or choose another port with --port."
            )


def _is_up(server: subprocess.Popen[bytes], address: str, password: str) -> bool:
    """Wait until the server answers, and return False if it ends before that."""
    # without a proxy's settings, and without reading certificates for plain http
    with httpx.Client(trust_env=False, verify=False) as client:
        client.auth = httpx.BasicAuth(*password.split(":", 1))
        while server.poll() is None:
            try:
                if client.get(f"{address}/api/admin/version").is_success:
                    return True
            except httpx.TransportError:
                pass
            time.sleep(0.2)
    return False


def _refuse_frames(index: Path) -> None:
    """Change a page of Prefect's UI, whose server sends no header against frames."""
    text = index.read_text()
    if NO_FRAME not in text:
        index.write_text(text.replace("<head>", f"<head>{NO_FRAME}", 1))


if __name__ == "__main__":
    run_commands(app)
