"""Options of a command line, read as Docker reads them."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from tests.servers.docker.errors import ComposeError, NotPlayed


def read(
    words: Sequence[str], known: Mapping[str, type], where: str, stop: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the options by their long names, and the other words.

    Args:
        words: The command line.
        known: Type of each option, under `--name` or `--name -n`: bool, str or list.
        where: The command, for errors.
        stop: Options end at the first other word.

    Raises:
        NotPlayed: There is an unknown option.
    """
    names = {name: names.split()[0] for names in known for name in names.split()}
    kinds = {names.split()[0]: kind for names, kind in known.items()}
    found: dict[str, Any] = {}
    others: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return found, [*others, *rest]
        if not word.startswith("-") or word == "-":
            others.append(word)
            if stop:
                return found, [*others, *rest]
            continue
        name, has_value, value = word.partition("=")
        if not word.startswith("--") and len(word) > 2:  # -Td, -fNAME
            name, has_value, value = word[:2], "", word[2:]
            if name in names and kinds[names[name]] is bool:
                rest.insert(0, f"-{value}")
            else:
                has_value = "="
        if name not in names:
            raise NotPlayed(f"{where}: the option {name} is not played")
        kind = kinds[names[name]]
        if kind is bool:
            if has_value and value not in ("true", "false"):
                raise ComposeError(f"{where}: invalid argument {value!r} for {name}")
            found[names[name]] = value != "false" if has_value else True
            continue
        if not has_value:
            if not rest:
                raise ComposeError(f"{where}: flag needs an argument: {name}")
            value = rest.pop(0)
        if kind is list:
            found.setdefault(names[name], []).append(value)
        else:
            found[names[name]] = value
    return found, others
