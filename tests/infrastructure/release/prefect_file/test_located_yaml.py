"""YAML is read with its lines, of anchors and of errors, too."""

from __future__ import annotations

import pytest
import yaml

from infrastructure.release.prefect_file.located_yaml import NotYaml, line_of, read_yaml
from tests.repository.tree import ROOT

TEXT = """\
anchors:
  - &small
    cpu: 256
    memory: &mib
      512
task:
  <<: *small
  image: a
  list: [*small, *mib,
    b]
"""


def test_the_data_are_those_of_plain_yaml():
    for text in (TEXT, (ROOT / "prefect.yaml").read_text()):
        assert read_yaml(text) == (yaml.safe_load(text), [])


@pytest.mark.parametrize(
    "path, line",
    [
        ("task", 6),
        ("task image", 8),
        ("task cpu", 3),
        ("task list", 9),
        ("task list 0", 2),
        ("task list 0 memory", 4),
        ("task list 1", 4),
        ("task list 2", 10),
        ("task list 2 nothing", 10),
        ("task list 3", 9),
        ("task nothing", 6),
        ("", 1),
    ],
)
def test_each_value_has_its_line_or_that_of_its_anchor(path, line):
    steps = (int(step) if step.isdigit() else step for step in path.split())
    data, _ = read_yaml(TEXT)
    assert line_of(data, tuple(steps)) == line


def test_duplicate_keys():
    text = (
        "a: 1\nb: {c: 1, d: 2,\n  'c': 3}\na: &x {e: 1}\nf:\n  <<: *x\n  <<: *x\n  e: 2"
    )
    _, faults = read_yaml(text)
    assert sorted(faults) == [
        (3, "Duplicate key `c`, first in line 2. Keep one of them."),
        (4, "Duplicate key `a`, first in line 1. Keep one of them."),
        (7, "Duplicate key `<<`, first in line 6. Keep one of them."),
    ]


@pytest.mark.parametrize(
    "text, line, said",
    [
        ("a:\n\t- b", 2, "found character '\\t' that cannot start any token."),
        ("a: b: c", 1, "mapping values are not allowed here."),
        (
            *("a:\nb: 'x\nc: 1\n", 4),
            "found unexpected end of stream, while scanning a quoted scalar that begins"
            " in line 2.",
        ),
        ("a: 1\nb: \a", 2, "special characters are not allowed."),
        ("a: 1\nb: 2026-02-31", 2, "day is out of range for month."),
    ],
)
def test_text_that_is_not_yaml(text, line, said):
    with pytest.raises(NotYaml) as error:
        read_yaml(text)
    assert error.value.fault == (line, f"This is not YAML: {said}")


def test_an_anchor_that_is_misspelt():
    with pytest.raises(NotYaml) as error:
        read_yaml(
            "a: &hello_world 1\nb: &products 2\nc:\n  <<: [*products, *helo_world]"
        )
    text = "There is no anchor `&helo_world` above. Did you mean `hello_world`?"
    assert error.value.fault == (4, text)
