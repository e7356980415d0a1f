"""Chains of errors, and sentences for people."""

from __future__ import annotations

import pytest

from utils.errors import chain_of, nearest, raise_alone, sentence


def test_an_error_raised_alone_keeps_its_context_and_makes_no_ring():
    first = LookupError("first")
    with pytest.raises(LookupError) as raised:
        try:
            raise RuntimeError("wrapper") from first
        except RuntimeError:
            raise_alone(first)
    assert raised.value.__context__ is None
    assert list(chain_of(raised.value)) == [first]


def test_a_ring_of_causes_is_followed_once():
    first, second = LookupError(), RuntimeError()
    first.__cause__, second.__cause__ = second, first
    assert list(chain_of(first)) == [first, second]


@pytest.mark.parametrize("said", ["too\n  many", "too many.", "too many"])
def test_a_sentence_is_one_line_with_a_full_stop(said):
    assert sentence(said) == "too many."


def test_a_similar_name_is_advised_or_else_all():
    assert nearest("productz", ["products", "van"]) == "Did you mean `products`?"
    assert nearest("x", ["products", "van"]) == "There is products, van."
    assert nearest("x", []) == "There is none."
    assert nearest("x", ["products"], "Look there.") == "Look there."
