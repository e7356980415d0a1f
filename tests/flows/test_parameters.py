"""What the form of a run in Prefect's UI says of each flow's parameters."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from pkgutil import iter_modules
from typing import (
    Annotated,
    Any,
    Iterator,
    Literal,
    get_args,
    get_origin,
    get_type_hints,
)

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError

import flows
from flows.redshift_export import redshift_export
from sources.redshift.sql_files import FOLDERS

MODULES = [each.name for each in iter_modules(flows.__path__)]
CHOICES = {
    ("redshift_export", "folder"): sorted(each.name for each in FOLDERS.iterdir()),
    ("redshift_export", "file_format"): ["parquet", "csv"],
    ("test_alert", "way"): ["raises", "times out", "exits", "succeeds"],
}


def flow_named(name: str) -> Flow:
    return getattr(import_module(f"flows.{name}"), name)


def literals_of(hint: Any) -> Iterator[Any]:
    """Yield the values of each Literal in a type."""
    if get_origin(hint) is Literal:
        yield from get_args(hint)
    elif get_origin(hint) is not Annotated or (hint := get_args(hint)[0]):
        for part in get_args(hint):
            yield from literals_of(part)


@pytest.mark.parametrize("name", MODULES)
def test_each_parameter_has_a_description_and_its_choices(name):
    flow = flow_named(name)
    form = flow.parameters.model_dump()["properties"]
    hints = get_type_hints(flow.fn, include_extras=True)
    assert set(form) == set(signature(flow.fn).parameters)
    for parameter, field in form.items():
        assert field.get("description", "").endswith("."), parameter
        expected = CHOICES.get((name, parameter), list(literals_of(hints[parameter])))
        assert field.get("enum", []) == expected, parameter


def test_prefects_server_refuses_another_choice(prefect_api):
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(redshift_export),
            "choices",
            parameter_openapi_schema=redshift_export.parameters.model_dump(),
            enforce_parameter_schema=True,
        )
        with pytest.raises(PrefectHTTPStatusError, match="inventory.*usage"):
            client.create_flow_run_from_deployment(
                deployment, parameters={"folder": "usages"}
            )
