"""Cost of promises: a million rows of `products` into DuckDB, with and without them.

    uv run python -m tests.benchmarks.promises

With: how fresh, how many rows, and five rules on values, and the load in `load_history`.
Without: none of it. Goal: a load takes at most 1.02 times as long, as the median of pairs.
"""

from __future__ import annotations

from statistics import median

from tests.benchmarks.processes import Alternative, empty, interleaved, python, report
from tests.benchmarks.products import MILLION, filled_source, settings

ROUNDS = 30

# Both import the same in the same order: Arrow's allocator depends on it.
IMPORTS = """
import resource
from pipelines.products import load_products
import dlt.destinations.impl.duckdb.duck, sqlalchemy
import sources.products, utils.promises.load_history
from utils.promises.declared import promise
"""
WITHOUT = """
sources.products.promise = lambda resource, **promises: resource
utils.promises.load_history.LoadHistory.remember = lambda *_: None
"""
WITH = """
sources.products.promise = lambda resource, **promises: promise(
    resource, **promises, unique=["audit_id"],
    between={"price_usd": (0, 1_000)}, accepted={"operation": ["I", "U", "D"]},
)
"""
MEASURED = """
before = resource.getrusage(resource.RUSAGE_SELF)
loaded = load_products()
after = resource.getrusage(resource.RUSAGE_SELF)
print("inside", loaded.seconds)
print("inside", after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""


def main() -> None:
    with filled_source(MILLION) as (source, folder):
        data = folder / "data"
        alternatives = [
            Alternative(name, python(IMPORTS + code + MEASURED), lambda: empty(data))
            for name, code in (("without promises", WITHOUT), ("with", WITH))
        ]
        interleaved(alternatives, ROUNDS, settings(source, data))
    report(alternatives)
    without, with_ = (each.inside for each in alternatives)
    ratios = [after / before for before, after in zip(without, with_)]
    print(f"with promises: {median(ratios[::2]):.3f} times the time of the load,")
    print(f"{median(ratios[1::2]):.3f} times its processor time, in {ROUNDS} pairs")


if __name__ == "__main__":
    main()
