"""Licences of installed packages, and the file NOTICE about those that ask for it.

`python -m infrastructure.licences` writes NOTICE, which the image contains.
"""

from __future__ import annotations

import re
import textwrap
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from infrastructure.locks import ROOT, image_packages, normalized

NOTICE = ROOT / "NOTICE"
UNKNOWN = "not installed here"
# Whoever passes such packages on has to name them, and to say where their source is.
ASKS_FOR_SOURCE = re.compile(r"MPL|Mozilla|GPL|Artistic|EPL|Eclipse|CDDL|EUPL")
# In the texts of packages that state no licence.
APACHE = re.compile(r"Apache License,? Version 2\.0")
HEAD = """\
This project has the MIT licence (LICENSE). Its image contains packages of uv.lock, without
the parts that the Dockerfile removes, and otherwise unchanged. Each has its licence beside
it in /app/.venv/lib/python3.11/site-packages. `python -m infrastructure.packages` lists
them all. Some ask to be named here.

This file is made by `python -m infrastructure.licences`.
"""


@cache
def installed(folders: tuple[str, ...] | None = None) -> dict[str, Distribution]:
    """Return the packages in some folders by their names; in this environment if None."""
    found = distributions(path=list(folders)) if folders else distributions()
    return {normalized(each.metadata["Name"]): each for each in found}


def licence(package: Distribution | None) -> str:
    """Return a package's licence as the package states it, in one line."""
    if package is None:
        return UNKNOWN
    facts = _facts(package)
    classifiers = [
        each.rpartition(" :: ")[2]
        for each in facts.get("classifier", [])
        if each.startswith("License :: OSI Approved :: ")
    ]
    stated = facts.get("license_expression") or "; ".join(classifiers)
    if not stated:
        stated = facts.get("license", "").strip().partition("\n")[0]
    return stated or _licence_by_text(package)


def notice() -> str:
    """Return the text of NOTICE."""
    here = installed()
    present = {name: here[name] for name in sorted(image_packages() & here.keys())}
    open_source = [
        f"  {name}: {stated}\n    {_home(each)}"
        for name, each in present.items()
        if ASKS_FOR_SOURCE.search(stated := licence(each))
    ]
    own = [name for name, each in present.items() if _texts(each, "NOTICE")]
    statements = [
        f"{name}\n\n{textwrap.indent(statement, '  ')}"
        for name, each in present.items()
        if (statement := _attribution(each))
    ]
    listed = textwrap.fill(
        ", ".join(own), 88, initial_indent="  ", subsequent_indent="  "
    )
    return (
        "\n\n".join(
            [
                HEAD.rstrip(),
                "Their licences ask to say where their source is:\n\n"
                + "\n".join(open_source),
                f"They have a notice of their own beside their licence:\n\n{listed}",
                "They ask to preserve a statement:",
                *statements,
            ]
        ).rstrip()
        + "\n"
    )


def _licence_by_text(package: Distribution) -> str:
    text = " ".join(" ".join(each.split()) for each in _texts(package, "LICEN"))
    return "Apache-2.0" if APACHE.search(text) else "not stated"


def _attribution(package: Distribution) -> str | None:
    """Return the statement that an Apache licence with an additional notice preserves."""
    for text in _texts(package, "LICEN"):
        found = re.search(
            r"Additional NOTICE under Section 4\(d\).*?\nNOTICE\n(.*?)\nYou may obtain",
            text,
            re.DOTALL,
        )
        if found:
            return found[1].strip()
    return None


def _texts(package: Distribution, name: str) -> list[str]:
    """Return the texts of the files of this name that are beside a package's metadata."""
    return [
        Path(str(file.locate())).read_text(errors="replace")
        for file in package.files or []
        if ".dist-info" in file.parts[0] and file.name.upper().startswith(name)
    ]


def _home(package: Distribution) -> str:
    """Return the address of a package's source."""
    facts = _facts(package)
    addresses = dict(
        each.lower().split(", ", 1) for each in facts.get("project_url", [])
    )
    for label in ("source", "source code", "code", "repository", "github"):
        if label in addresses:
            return addresses[label]
    return facts["home_page"]


def _facts(package: Distribution) -> dict[str, Any]:
    return dict(package.metadata.json)


if __name__ == "__main__":
    NOTICE.write_text(notice())
    print(f"{NOTICE.name} is up to date.")
