"""Templates of CloudFormation, read as data."""

from __future__ import annotations

from infrastructure.release.stack.template import read_template


def test_short_forms_are_the_long_ones():
    text = "A: !Ref x\nB: !Join [-, [a, !GetAtt b.c]]\nC: !If {d: !Sub e}"
    assert read_template(text) == {
        "A": {"Ref": "x"},
        "B": {"Join": ["-", ["a", {"GetAtt": "b.c"}]]},
        "C": {"If": {"d": {"Sub": "e"}}},
    }


def test_a_date_is_a_string():
    assert read_template("Version: 2012-10-17") == {"Version": "2012-10-17"}
