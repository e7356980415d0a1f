"""The layout of datasets' names."""

from __future__ import annotations

import pytest

from utils.settings.dataset_layout import dataset_layout
from utils.settings.errors import ConfigurationError


@pytest.mark.parametrize("layout", ["%s", "dev_%s", "%s-of-ada"])
def test_a_name_with_a_place_for_the_dataset(monkeypatch, layout):
    monkeypatch.setenv("DATASET_NAME_LAYOUT", layout)
    assert dataset_layout() == layout


@pytest.mark.parametrize("layout", ["dev", "%s%s", "%d", "../%s", "d.%s", 'a"%s'])
def test_what_is_no_layout(monkeypatch, layout):
    monkeypatch.setenv("DATASET_NAME_LAYOUT", layout)
    with pytest.raises(ConfigurationError, match="^dataset_name_layout is no name"):
        dataset_layout()
