"""What Prefect keeps of a run's result: JSON, and no pickle.

Prefect writes the exception of each failed flow into its folder, whether results are kept
or not. By default it is a pickle: of a refused request with all its headers, a token among
them. And whoever reads a pickle executes what is in it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Iterator

import pytest
import requests
from prefect.serializers import JSONSerializer
from prefect.settings import (
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_RESULTS_DEFAULT_SERIALIZER,
    temporary_settings,
)

from flows.exchange_rates import exchange_rates
from tests.utils.backfill.test_report import REPORT as BACKFILL
from tests.utils.loading.test_report import REPORT as LOAD
from utils.export.report import ExportedFile, ExportReport

TOKEN = "token-of-the-test"
EXPORT = ExportReport("pets", (ExportedFile("cats", 1, 2, 0.5, "lake/cats"),), ())


@pytest.fixture
def storage(prefect_api: str, tmp_path: Path) -> Iterator[Path]:
    """Folder of Prefect's results."""
    folder = tmp_path / "results"
    with temporary_settings({PREFECT_LOCAL_STORAGE_PATH: str(folder)}):
        yield folder


def refused(**_: Any) -> None:
    """Raise the error of a request that an API refused."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    request = requests.Request("GET", "http://127.0.0.1:9", headers=headers).prepare()
    response = requests.Response()
    response.status_code, response.request = 403, request
    raise requests.HTTPError("403 Forbidden", request=request, response=response)


def kept(storage: Path) -> list[str]:
    return [each.read_text() for each in storage.rglob("*") if each.is_file()]


def test_of_an_error_its_class_and_message_are_kept(storage, monkeypatch):
    monkeypatch.setattr("flows.exchange_rates.load_exchange_rates", refused)
    assert exchange_rates(return_state=True).is_failed()
    (text,) = kept(storage)
    assert json.loads(text) == {
        "__exc_type__": "requests.exceptions.HTTPError",
        "message": "403 Forbidden",
    }
    with temporary_settings({PREFECT_RESULTS_DEFAULT_SERIALIZER: "pickle"}):
        assert exchange_rates(return_state=True).is_failed()
    (pickle,) = {*kept(storage)} - {text}
    assert TOKEN.encode() in base64.b64decode(pickle)


@pytest.mark.parametrize("report", [LOAD, EXPORT, BACKFILL], ids=lambda each: each.key)
def test_a_flows_report_may_be_kept_as_json(report):
    assert JSONSerializer().loads(JSONSerializer().dumps(report)) == report
