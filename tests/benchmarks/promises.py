"""Cost of promises: a million rows of `products` into DuckDB, with and without them.

    uv run python -m tests.benchmarks.promises

With: how fresh, how many rows, and five rules on values, and the load in `load_history`.
Without: none of it. Goal: at most 1.02 times the processor time, as the median of pairs.
"""

from __future__ import annotations

from statistics import median

from tests.benchmarks.processes import Alternative, empty, interleaved, python, report
from tests.benchmarks.products import MILLION, OURS, filled_source, settings

ROUNDS = 15

WITHOUT = """
import sources.products, utils.loading.run
sources.products.promise = lambda resource, **promises: resource
utils.loading.run.remember = lambda *_: None
"""
WITH = """
import sources.products
from utils.promises.declared import promise
sources.products.promise = lambda resource, **promises: promise(
    resource, **promises, unique=["audit_id"],
    between={"price_usd": (0, 1_000)}, accepted={"operation": ["I", "U", "D"]},
)
"""
CPU = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
before = used.ru_utime + used.ru_stime
"""
# The pipeline's run alone: imports differ by more than what is measured.
MEASURED = OURS.replace("print(", CPU + "report = (").format(arguments="") + (
    "used = resource.getrusage(resource.RUSAGE_SELF)\n"
    "print('inside', used.ru_utime + used.ru_stime - before)\n"
)


def main() -> None:
    with filled_source(MILLION) as (source, folder):
        data = folder / "data"
        alternatives = [
            Alternative(name, python(code + MEASURED), lambda: empty(data))
            for name, code in (("without promises", WITHOUT), ("with", WITH))
        ]
        interleaved(alternatives, ROUNDS, settings(source, data))
    report(alternatives)
    without, with_ = (each.inside for each in alternatives)
    ratios = [after / before for before, after in zip(without, with_)]
    print(f"with promises: {median(ratios):.3f} times the processor time of the run")


if __name__ == "__main__":
    main()
