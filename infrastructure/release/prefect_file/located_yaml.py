"""Reads YAML with the line of each key and item, for messages about faults.

Values from an anchor, by an alias or a merge (`<<`), have the anchor's lines.
"""

from __future__ import annotations

from typing import Any, Iterator, NamedTuple

import yaml
from yaml.constructor import ConstructorError

from utils.errors import nearest, sentence


class Fault(NamedTuple):
    """A fault in a line of the file."""

    line: int
    text: str


class NotYaml(Exception):
    """A text that is not YAML."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class LocatedDict(dict[Any, Any]):
    """A mapping, with the lines of its keys."""

    lines: dict[Any, int]


class LocatedList(list[Any]):
    """A sequence, with the lines of its items."""

    lines: dict[int, int]


def read_yaml(text: str) -> tuple[Any, list[Fault]]:
    """Return a text's data, and a fault for each key that a mapping has twice.

    PyYAML itself silently takes the last of duplicate keys.

    Raises:
        NotYaml: The text is not YAML. It has the first fault, at which reading ends.
    """
    try:
        loader = _Loader(text)
        return loader.get_single_data(), loader.duplicates
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotYaml(Fault(line, f"This is not YAML: {sentence(error.reason)}"))
    except yaml.MarkedYAMLError as error:
        message = f"This is not YAML: {sentence(error.problem)}"
        if error.context and error.context_mark:
            begin = error.context_mark.line + 1
            message = f"{message[:-1]}, {error.context} that begins in line {begin}."
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotYaml(Fault(line, message)) from error


def line_of(data: Any, path: tuple[str | int, ...]) -> int:
    """Return the line of the last key or item of a path that exists in the data."""
    line = 1
    for step in path:
        if step not in getattr(data, "lines", ()):
            break
        line, data = data.lines[step], data[step]
    return line


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.duplicates: list[Fault] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias = self.peek_event()
            if alias.anchor not in self.anchors:
                text = f"There is no anchor `&{alias.anchor}` above."
                advice = nearest(alias.anchor, self.anchors)
                raise NotYaml(Fault(alias.start_mark.line + 1, f"{text} {advice}"))
        return super().compose_node(parent, index)

    # types-PyYAML takes the anchor, a name, for a dict.
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Before a merge adds other keys to the node.
        node = super().compose_mapping_node(anchor)
        first: dict[tuple[str, str], yaml.Node] = {}
        for key, _ in node.value:
            earlier = first.setdefault((key.tag, str(key.value)), key)
            if earlier is not key:
                text = (
                    f"Duplicate key `{key.value}`, first in line {_line(earlier)}. Keep"
                    " one of them."
                )
                self.duplicates.append(Fault(_line(key), text))
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:  # A date such as 2026-02-31.
            raise ConstructorError(None, None, str(error), node.start_mark) from error

    def construct_located_dict(self, node: yaml.MappingNode) -> Iterator[LocatedDict]:
        data = LocatedDict()
        yield data
        data.update(self.construct_mapping(node))  # Resolves the node's merges.
        data.lines = {self.construct_object(key): _line(key) for key, _ in node.value}

    def construct_located_list(self, node: yaml.SequenceNode) -> Iterator[LocatedList]:
        data = LocatedList()
        yield data
        data.extend(self.construct_sequence(node))
        data.lines = {index: _line(item) for index, item in enumerate(node.value)}


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_located_dict)
_Loader.add_constructor("tag:yaml.org,2002:seq", _Loader.construct_located_list)
