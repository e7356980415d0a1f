"""Content of secrets: one value for a block, a table or a value for dlt."""

from __future__ import annotations

import json

import pytest

from utils.aws.secret_content import MOST_DEPTH, SecretError, dlt_value, one_value

NAME = "prefect/slack-webhook-url"
PETS = ("sources", "pets")


@pytest.mark.parametrize("text", ["value\n", '{"url": "value"}', 'url = "value"'])
def test_one_value_stands_alone_or_in_a_table(text):
    assert one_value(text, NAME) == "value"


@pytest.mark.parametrize(
    "text, reason",
    [
        (json.dumps({"a": "sesame", "b": "sesame"}), "is not one value"),
        (json.dumps({"a": {"b": "sesame"}}), "is not one value"),
        ('{"sesame', "begins like JSON, but is malformed"),
    ],
)
def test_an_error_does_not_show_the_text(text, reason):
    with pytest.raises(SecretError, match=f"{NAME} {reason}") as error:
        one_value(text, NAME)
    assert "sesame" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    "text, path, value",
    [
        ('{"token": "t"}', PETS, {"token": "t"}),
        ('[sources.pets]\ntoken = "t"', PETS, {"token": "t"}),
        ('{"token": "t"}', (*PETS, "token"), "t"),
        ("t\n", (*PETS, "token"), "t"),
        ('{"dbname": "shop"}', PETS, {"database": "shop", "dbname": "shop"}),
    ],
)
def test_dlt_finds_a_table_or_a_value_at_its_path(text, path, value):
    assert dlt_value(text, NAME, path) == value


def test_a_source_takes_a_table():
    with pytest.raises(SecretError, match="is neither a JSON object nor TOML"):
        dlt_value("sesame", NAME, PETS)


def test_a_table_is_no_deeper_than_credentials_are():
    def nested(levels: int) -> str:
        return '{"a": ' * levels + "1" + "}" * levels

    assert dlt_value(nested(MOST_DEPTH), NAME, PETS)
    with pytest.raises(SecretError, match="is nested more than 20 levels deep"):
        dlt_value(nested(MOST_DEPTH + 1), NAME, PETS)
