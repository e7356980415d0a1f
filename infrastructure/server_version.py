"""Version of a Prefect server of your own: `python -m infrastructure.server_version`.

compose.yaml and prefect_server_ecs.yml name the image of Prefect's server. It has to be as new
as the client in uv.lock, or newer: an older server rejects fields that it does not know, even
those of the next patch (https://github.com/PrefectHQ/prefect/issues/16183).
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from utils.errors import ClearError
from utils.runs.command_line import command_line, run_commands

ROOT = Path(__file__).parent.parent
FILES = ("infrastructure/compose.yaml", "infrastructure/prefect_server_ecs.yml")
VERSION = re.compile(r"\d+\.\d+\.\d+")
IMAGE = re.compile(rf"(docker\.io/prefecthq/prefect:)({VERSION.pattern})(?=-python)")
COMMAND = "uv run python -m infrastructure.server_version"
PAGE = "infrastructure/prefect_server.md"

app = command_line("infrastructure.server_version")


@app.default
def write(version: str = "") -> None:
    """Write the version of Prefect's server into the files that name its image.

    Args:
        version: Version of Prefect; by default the files' own if it fits the client in
            uv.lock, else the client's.
    """
    client = client_version()
    fitting = [each for each in _named() if fits(each, client)]
    version = version or max([client, *fitting], key=_numbers)
    if not fits(version, client):
        raise ClearError(
            f"A server {version} does not fit the client {client} of uv.lock: it has to be of"
            " the same minor version, and not older. Nothing was changed."
        )
    for name in FILES:
        file = ROOT / name
        file.write_text(IMAGE.sub(rf"\g<1>{version}", file.read_text()))
        print(f"{name}: Prefect {version}")
    print(f"Upgrade the server before the client: {PAGE}, Upgrade.")


def check() -> None:
    """Reject a server that does not fit the client.

    Raises:
        ClearError: It is older, or of another minor version.
    """
    server, client = server_version(), client_version()
    if not fits(server, client):
        raise ClearError(
            f"uv.lock has Prefect {client}, and the server's image is {server}. Run `{COMMAND}`,"
            f" and upgrade a server of your own before you merge: {PAGE}, Upgrade."
        )


def fits(server: str, client: str) -> bool:
    """Return whether a server of this version takes all that the client sends."""
    (*of_server, patch), (*of_client, least) = map(_numbers, (server, client))
    return of_server == of_client and patch >= least


def client_version() -> str:
    """Return the version of Prefect in uv.lock."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (version,) = (each["version"] for each in packages if each["name"] == "prefect")
    return version


def server_version() -> str:
    """Return the version of Prefect's server, which all files name alike.

    Raises:
        ClearError: Files name different versions.
    """
    found = _named()
    if len(found) != 1:
        raise ClearError(
            f"{' and '.join(FILES)} do not name one version of Prefect's server, but"
            f" {', '.join(sorted(found)) or 'none'}. Run `{COMMAND}`."
        )
    return found.pop()


def _named() -> set[str]:
    """Return the versions of Prefect's server that the files name."""
    texts = [(ROOT / name).read_text() for name in FILES]
    return {version for text in texts for _, version in IMAGE.findall(text)}


def _numbers(version: str) -> list[int]:
    if not VERSION.fullmatch(version):
        raise ClearError(f"{version} is no version of Prefect, such as 3.8.8.")
    return [int(each) for each in version.split(".")]


if __name__ == "__main__":
    run_commands(app)
