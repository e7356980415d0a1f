"""NOTICE, and licences as packages state them."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from infrastructure.licences import NOTICE, UNKNOWN, installed, licence, notice


@pytest.fixture(scope="module")
def text() -> str:
    return notice()


def test_notice_is_up_to_date(text):
    assert NOTICE.read_text() == text, "run python -m infrastructure.licences"


@pytest.mark.parametrize("name", ["certifi", "psycopg2-binary", "pathspec", "orjson"])
def test_notice_names_who_asks_for_it_with_its_source(text, name):
    _, _, after = text.partition(f"\n  {name}: ")
    assert after.splitlines()[1].startswith("    https://")


def test_notice_preserves_what_parsons_asks_for(text):
    assert "originally authored by The Movement Cooperative" in text


def test_notice_names_packages_of_the_image_only(text):
    assert "black" in installed() and "pytest" in installed()
    names = {line.partition(":")[0].strip() for line in text.splitlines()}
    assert not names & {"black", "pytest", "moto"}


def package(folder: Path, metadata: str, text: str = "") -> Distribution:
    """Return an installed package with this metadata, and a licence's text."""
    info = folder / "pets-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: pets\nVersion: 1.0\n{metadata}\n")
    (info / "LICENSE").write_text(text)
    (info / "RECORD").write_text("pets-1.0.dist-info/LICENSE,,\n")
    return Distribution.at(info)


@pytest.mark.parametrize(
    ("metadata", "text", "expected"),
    [
        ("License-Expression: MIT\nLicense: all of it", "", "MIT"),
        (
            "Classifier: License :: OSI Approved :: MIT License\nLicense: see there",
            "",
            "MIT License",
        ),
        ("License: BSD", "", "BSD"),
        ("", "the Apache License,\n  Version 2.0", "Apache-2.0"),
        ("", "Do what you want.", "not stated"),
    ],
)
def test_a_licence_is_what_the_package_states(tmp_path, metadata, text, expected):
    assert licence(package(tmp_path, metadata, text)) == expected


def test_a_package_of_another_platform_has_none_here():
    assert licence(None) == UNKNOWN
