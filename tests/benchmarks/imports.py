"""Import of each flow's module against `from prefect import flow; import dlt`.

A flow imports only what its start needs. Goal: at most 1.1.
"""

from __future__ import annotations

from tests.benchmarks.processes import Alternative, interleaved, python, report
from tests.repository.tree import ROOT

ROUNDS = 10


def main() -> None:
    frameworks = "from prefect import flow; import dlt"
    limit = Alternative(frameworks, python(frameworks))
    flows = [
        Alternative(f"import flows.{path.stem}", python(f"import flows.{path.stem}"))
        for path in sorted((ROOT / "flows").glob("[!_]*.py"))
    ]
    interleaved([limit, *flows], ROUNDS, {})
    report([limit, *flows])
    for flow in flows:
        ratio = flow.median_seconds / limit.median_seconds
        print(f"{flow.name}: {ratio:.2f} times the frameworks alone")


if __name__ == "__main__":
    main()
