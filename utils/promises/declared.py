"""The line beside a resource that declares its table's promises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, Mapping, Sequence

from dlt.sources import DltResource

from utils.promises.rules import Accepted, Between, NotNull, Rule
from utils.promises.unique import Unique
from utils.promises.validator import PromisedValues, Promises


def promise(
    resource: DltResource,
    *,
    fresh: tuple[str, timedelta] | None = None,
    rows: bool = False,
    not_null: Sequence[str] = (),
    unique: Sequence[str] = (),
    between: Mapping[str, tuple[Any, Any]] | None = None,
    accepted: Mapping[str, Sequence[Any]] | None = None,
    broken: Literal["fail", "set aside"] = "fail",
) -> DltResource:
    """Declare the promises of a resource's table, and return the resource.

    Args:
        resource: Resource that yields Arrow tables or rows. All columns have their names
            in these.
        fresh: Cursor column, and the age that its newest value does not reach. Its values
            are times or dates; a date counts as its midnight in UTC.
        rows: Whether an unusual number of rows is told. The rows are loaded.
        not_null: Columns with a value in each row.
        unique: Columns whose values together come once in a load. They stay in memory
            until the load is extracted. To set repeated keys aside takes much time if
            they do not rise.
        between: Lowest and highest value by column; None for no bound.
        accepted: Values by column. NULL is not judged, neither here nor in `between`.
        broken: What becomes of a row that breaks a rule on its values. It fails the load
            before any row is sent, or goes to the table `<table>_set_aside`: at most a
            tenth of a load's rows.

    Returns:
        The same resource.

    Raises:
        ValueError: The resource has a validator of its own, such as a Pydantic model.
    """
    if resource.validator:
        raise ValueError(
            f"{resource.name} has a validator already, which sees its rows"
        )
    rules: list[Rule] = [NotNull((name,)) for name in not_null]
    if unique:
        rules.append(Unique(tuple(unique)))
    rules += [Between((name,), *bounds) for name, bounds in (between or {}).items()]
    rules += [
        Accepted((name,), tuple(values)) for name, values in (accepted or {}).items()
    ]
    cursor, longest_age = fresh or (None, None)
    resource.validator = PromisedValues(
        Promises(cursor, longest_age, rows), rules, sets_aside=broken == "set aside"
    )
    return resource


def promised_values(resource: DltResource) -> PromisedValues | None:
    """Return what checks the resource's rows, None if its table promises nothing."""
    validator = resource.validator
    return validator if isinstance(validator, PromisedValues) else None
