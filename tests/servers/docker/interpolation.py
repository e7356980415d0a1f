"""Variables in Compose files, and the files `.env` that they come from."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Mapping

from tests.servers.docker.errors import ComposeError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OPERATOR = re.compile(r":-|-|:\?|\?|:\+|\+")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$", "'": "'"}


def interpolate_all(value: Any, variables: Mapping[str, str], where: str) -> Any:
    """Interpolate every text of a file's content, but no key."""
    if isinstance(value, str):
        return interpolate(value, variables, where)
    if isinstance(value, dict):
        return {
            key: interpolate_all(each, variables, f"{where}.{key}")
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [interpolate_all(each, variables, f"{where}[]") for each in value]
    if hasattr(value, "interpolated"):
        return value.interpolated(lambda v: interpolate_all(v, variables, where))
    return value


def interpolate(text: str, variables: Mapping[str, str], where: str) -> str:
    """Replace `$A`, `${A}`, `${A:-default}`, `${A:?message}` and `$$`.

    Raises:
        ComposeError: A required variable is missing, or the form is none of these.
    """
    done, rest = _expand(text, variables, where, nested=False)
    return done + rest


def _expand(
    text: str, variables: Mapping[str, str], where: str, nested: bool
) -> tuple[str, str]:
    """Expand up to the end, or to the `}` that ends a nested text."""
    done = ""
    while text:
        if nested and text[0] == "}":
            return done, text
        if text[0] != "$":
            done, text = done + text[0], text[1:]
        elif text.startswith("$$"):
            done, text = done + "$", text[2:]
        elif text.startswith("${"):
            value, text = _braced(text, variables, where)
            done += value
        elif name := NAME.match(text[1:]):
            done += _value(name[0], variables)
            text = text[1 + len(name[0]) :]
        else:
            raise _invalid(text, where)
    return done, ""


def _braced(text: str, variables: Mapping[str, str], where: str) -> tuple[str, str]:
    name = NAME.match(text[2:])
    if not name:
        raise _invalid(text, where)
    rest = text[2 + len(name[0]) :]
    if rest.startswith("}"):
        return _value(name[0], variables), rest[1:]
    operator = OPERATOR.match(rest)
    if not operator:
        raise _invalid(text, where)
    other, rest = _expand(rest[len(operator[0]) :], variables, where, nested=True)
    if not rest.startswith("}"):
        raise _invalid(text, where)
    value = variables.get(name[0])
    is_set = bool(value) if operator[0].startswith(":") else value is not None
    if operator[0].endswith("+"):
        return (other if is_set else ""), rest[1:]
    if is_set:
        return value or "", rest[1:]
    if operator[0].endswith("?"):
        raise ComposeError(
            f"error while interpolating {where}: required variable {name[0]} is missing "
            f"a value: {other}"
        )
    return other, rest[1:]


def _value(name: str, variables: Mapping[str, str]) -> str:
    if name not in variables:
        print(
            f'WARN The "{name}" variable is not set. Defaulting to a blank string.',
            file=sys.stderr,
        )
    return variables.get(name, "")


def _invalid(text: str, where: str) -> ComposeError:
    return ComposeError(
        f"invalid interpolation format for {where}: {text!r}. You may need to escape "
        "any $ with another $"
    )


def read_env_file(file: Path, variables: Mapping[str, str]) -> dict[str, str | None]:
    """Return the variables of a file in the format of `.env`.

    Args:
        file: Its path.
        variables: Values for interpolation, which win over the file's own.

    Returns:
        Values by name; None for a name without `=`.
    """
    try:
        rest = file.read_text()
    except FileNotFoundError:
        raise ComposeError(f"env file {file} not found") from None
    found: dict[str, str | None] = {}
    while rest:
        line = rest.partition("\n")[0]
        if not line.strip() or line.lstrip().startswith("#"):
            rest = rest[len(line) + 1 :]
            continue
        start = re.match(r"[ \t]*([A-Za-z_][A-Za-z0-9_.-]*)(=?)", rest)
        if not start:
            raise ComposeError(
                f"{file}: cannot understand the line {line.split('=')[0]!r}"
            )
        rest = rest[start.end() :]
        if not start[2]:
            if rest.partition("\n")[0].strip():
                raise ComposeError(f"{file}: cannot understand the line of {start[1]}")
            found[start[1]] = variables.get(start[1])
            rest = rest.partition("\n")[2]
            continue
        known = {**{k: v for k, v in found.items() if v is not None}, **variables}
        found[start[1]], rest = _env_value(rest, known, f"{file}: {start[1]}")
    return found


def _env_value(rest: str, variables: Mapping[str, str], where: str) -> tuple[str, str]:
    """Return the value at the beginning of a text, and the text after its line."""
    quote = rest[:1]
    if quote not in ("'", '"') or not quote:
        line, _, rest = rest.partition("\n")
        value = re.split(r"(?:^|[ \t])#", line, maxsplit=1)[0].strip()
        return interpolate(value, variables, where), rest
    end = 1
    while end < len(rest) and rest[end] != quote:
        end += 2 if rest[end] == "\\" else 1
    if end >= len(rest):
        raise ComposeError(f"{where}: unterminated quoted value")
    value, (after, _, rest) = rest[1:end], rest[end + 1 :].partition("\n")
    if after.strip() and not after.strip().startswith("#"):
        raise ComposeError(f"{where}: unexpected text after the quoted value")
    if quote == "'":
        return value.replace("\\'", "'"), rest
    # An escaped dollar stays one: it is doubled for the interpolation.
    value = re.sub(
        r"\\(.)",
        lambda m: "$$" if m[1] == "$" else ESCAPES.get(m[1], m[0]),
        value,
        flags=re.DOTALL,
    )
    return interpolate(value, variables, where), rest
