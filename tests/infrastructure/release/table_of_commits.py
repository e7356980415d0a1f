"""Commits in the repository of repository_of_tests.py, each with its whole expected plan."""

from __future__ import annotations

from typing import Mapping

from tests.infrastructure.release.edits import (
    all_of,
    append,
    commits,
    git,
    remove,
    replace,
    two_branches,
    write,
)
from tests.infrastructure.release.expected_plan import (
    Case,
    Differences,
    Expected,
    of_file,
    reached,
    scheduled,
    touched,
)
from tests.infrastructure.release.repository_of_tests import (
    PRODUCTION,
    QUERY,
    deployment,
    flow,
)
from utils.aws.stack import TEMPLATE

EVERY_FLOW = ("customers", "export", "orders", "ping", "rates")
LOADS = ("customers", "orders", "rates")
SERVICE = "Resources.WorkerService.Properties.DeploymentConfiguration"


NEW_FLOW = {"flows/stock.py": flow("stock", "pipelines.export")}
NEW_DEPLOYMENT = deployment("stock", "cpu: 256, memory: 512")
SECOND_OF_ORDERS = deployment("orders", "cpu: 256, memory: 512").replace(
    "<<: *production", "<<: *production\n    name: production-backfill"
)
MOVED_TO_DEV = deployment("ping", "cpu: 256", kind="smoke-test").replace(
    "production", "dev"
)
RENAMED = all_of(
    git("mv", "flows/orders.py", "flows/purchases.py"),
    replace("flows/purchases.py", "def orders(", "def purchases("),
    replace("flows/purchases.py", 'log("orders")', 'log("purchases")'),
    replace("prefect.yaml", "flows.orders.orders", "flows.purchases.purchases"),
)
ORDERS_SCHEDULE = scheduled("orders", "0 7 * * *")
SLOWER = replace("sources/shop.py", "return [1]", "return [1, 2]")
LATER = replace("prefect.yaml", "0 7 * * *", "0 8 * * *")
IS_LATER: Mapping[str, Differences] = {
    "orders/production": {"schedules.0.cron": ("0 7 * * *", "0 8 * * *")}
}
SHOP = ("sources/shop.py",)

CASES = {
    # what is in no image
    "documentation": Case(append("README.md")),
    "nothing": Case(lambda there: None),
    "a test": Case(append("tests/flows/test_rates.py")),
    "a workflow": Case(append(".github/workflows/main.yaml")),
    "blocks": Case(append("blocks/alerts.py")),
    "another template": Case(append("infrastructure/data_lake.yml")),
    "an example of secrets": Case(append(".dlt/secrets.toml.example")),
    "a hidden file": Case(write({"sources/.gitkeep": ""})),
    "a file moved out of sight": Case(git("mv", "README.md", "READ.md")),
    # the flows' code
    "a flow": touched("flows/rates.py", "rates"),
    "a helper of one flow": touched("utils/days.py", "rates"),
    "a helper of all flows": touched("utils/log.py", *EVERY_FLOW),
    "a helper of no flow": touched("utils/unused.py"),
    "a source of two flows": Case(
        SLOWER, reached("sources/shop.py", "customers", "orders")
    ),
    "a source of one flow": touched("sources/rates.py", "rates"),
    "a pipeline": touched("pipelines/export.py", "export"),
    "the package of flows": touched("flows/__init__.py", *EVERY_FLOW),
    "the package of sources": touched("sources/__init__.py", *LOADS, "export"),
    "a query": Case(append(QUERY, "-- changed\n"), reached(QUERY, "export")),
    "a new query": Case(
        write({"sources/redshift/queries/weekly/stock.sql": "SELECT 2\n"}),
        reached("sources/redshift/queries/weekly/stock.sql", "export"),
    ),
    "a deleted query": Case(remove(QUERY), reached(QUERY, "export")),
    "a file of all sources": Case(
        write({"sources/words.txt": "one\n"}),
        reached("sources/words.txt", *LOADS, "export"),
    ),
    "a file in a folder of no flow": Case(
        write({"sources/words/one.txt": "one\n"}),
        reached("sources/words/one.txt", *LOADS, "export"),
    ),
    "dlt's settings": touched(".dlt/config.toml", *LOADS),
    "a deleted module of nobody": Case(
        remove("utils/unused.py"), reached("utils/unused.py")
    ),
    "a deleted module that a flow still needs": Case(
        remove("utils/gone_soon.py"), reached("utils/gone_soon.py", "ping")
    ),
    "a renamed module": Case(
        all_of(
            git("mv", "utils/days.py", "utils/dates.py"),
            replace("pipelines/rates.py", "utils.days", "utils.dates"),
        ),
        Expected(
            image=("pipelines/rates.py", "utils/dates.py", "utils/days.py"),
            flows={"rates": ("pipelines/rates.py", "utils/dates.py")},
            worker=True,
        ),
    ),
    "a flow's parameter has another default": Case(
        replace("flows/rates.py", "bool = False", "bool = True"),
        Expected(
            image=("flows/rates.py",),
            flows={"rates": ("flows/rates.py",)},
            update={
                "rates/production": {
                    "parameter_openapi_schema.properties.refresh.default": (
                        *(False, True),
                    )
                }
            },
        ),
    ),
    # what is around it
    "a dependency": Case(
        replace("uv.lock", "1.31.0", "1.31.1"),
        reached("uv.lock", *EVERY_FLOW),
    ),
    "the Dockerfile": Case(append("Dockerfile"), reached("Dockerfile", *EVERY_FLOW)),
    "what the image may have": touched(".dockerignore", *EVERY_FLOW),
    "settings of black": Case(
        replace("pyproject.toml", "88", "90"), reached("pyproject.toml", *EVERY_FLOW)
    ),
    # prefect.yaml
    "a comment in prefect.yaml": Case(append("prefect.yaml")),
    "a developer's deployment": Case(
        replace("prefect.yaml", "tags: [dev, load]", "tags: [dev, load, mine]")
    ),
    "a schedule": Case(LATER, Expected(update=IS_LATER)),
    "a schedule is put off": of_file(
        "orders",
        'cron: "0 7 * * *", timezone: Europe/Berlin, active: true',
        'cron: "0 7 * * *", timezone: Europe/Berlin, active: false',
        {"schedules.0.active": (True, False)},
    ),
    "a schedule's parameters": of_file(
        "rates",
        "refresh: true",
        "refresh: false",
        {"schedules.0.parameters.refresh": (True, False)},
    ),
    "a schedule goes": Case(
        replace(
            "prefect.yaml",
            """\
    schedules:
      - {cron: "0 7 * * *", timezone: Europe/Berlin, active: true}
""",
            "",
        ),
        Expected(
            update={
                "orders/production": {
                    "schedules.0.cron": ("0 7 * * *", None),
                    "schedules.0.timezone": ("Europe/Berlin", None),
                    "schedules.0.day_or": (True, None),
                    "schedules.0.active": (True, None),
                    "schedules.0.parameters": ("(not shown)", None),
                    "schedules.0.slug": (None, None),
                }
            },
            schedules_removed=(ORDERS_SCHEDULE,),
        ),
    ),
    "a tag": of_file(
        "ping", "smoke-test]", "smoke-test, daily]", {"tags.2": (None, "daily")}
    ),
    "a description": of_file(
        "ping",
        "The flow ping, in",
        "A word in",
        {"description": (*("The flow ping, in production.", "A word in production."),)},
    ),
    "a size": of_file(
        "export",
        "cpu: 512, memory: 1024",
        "cpu: 1024, memory: 2048",
        {
            "job_variables.cpu": (512, 1024),
            "job_variables.memory": (1024, 2048),
        },
    ),
    "a parameter": of_file(
        "rates",
        "    description: The flow rates, in production.\n",
        "    description: The flow rates, in production.\n"
        "    parameters: {refresh: true}\n",
        {"parameters.refresh": (None, True)},
    ),
    "a deployment less": Case(
        replace("prefect.yaml", PRODUCTION["orders"], ""),
        Expected(delete=("orders/production",), schedules_removed=(ORDERS_SCHEDULE,)),
    ),
    "a deployment is production's no more": Case(
        replace("prefect.yaml", PRODUCTION["ping"], MOVED_TO_DEV),
        Expected(delete=("ping/production",)),
    ),
    "a second deployment of a flow": Case(
        append("prefect.yaml", SECOND_OF_ORDERS),
        Expected(create=("orders/production-backfill",)),
    ),
    "a new flow": Case(
        all_of(write(NEW_FLOW), append("prefect.yaml", NEW_DEPLOYMENT)),
        Expected(
            image=("flows/stock.py",),
            flows={"stock": ("flows/stock.py",)},
            create=("stock/production",),
        ),
    ),
    "a new flow without a deployment": Case(
        write(NEW_FLOW), Expected(image=("flows/stock.py",))
    ),
    "a renamed flow": Case(
        RENAMED,
        Expected(
            image=("flows/orders.py", "flows/purchases.py"),
            flows={"purchases": ("flows/purchases.py",)},
            create=("purchases/production",),
            delete=("orders/production",),
            schedules_removed=(ORDERS_SCHEDULE,),
        ),
    ),
    "a deleted flow": Case(
        all_of(
            remove("flows/orders.py"),
            replace("prefect.yaml", PRODUCTION["orders"], ""),
        ),
        Expected(
            image=("flows/orders.py",),
            delete=("orders/production",),
            schedules_removed=(ORDERS_SCHEDULE,),
        ),
    ),
    # the stack
    "the worker's service": Case(
        replace(TEMPLATE, "MaximumPercent: 200", "MaximumPercent: 300"),
        Expected(stack={f"{SERVICE}.MaximumPercent": (200, 300)}),
    ),
    "a setting of the worker": Case(
        replace(TEMPLATE, "StopTimeout: 60", "StopTimeout: 90"),
        Expected(
            stack={
                "Resources.WorkerTask.Properties.ContainerDefinitions.0.StopTimeout": (
                    *(60, 90),
                )
            }
        ),
    ),
    # the stack keeps the value that it has
    "another default of a parameter": Case(
        replace(TEMPLATE, 'Default: "1024"', 'Default: "2048"')
    ),
    "a comment in the template": Case(append(TEMPLATE)),
    # many at once, and what git does
    "a source and a schedule": Case(
        all_of(SLOWER, LATER),
        Expected(
            image=SHOP,
            flows={"customers": SHOP, "orders": SHOP},
            update=IS_LATER,
        ),
    ),
    "two commits": Case(
        commits(SLOWER, append("README.md")),
        reached("sources/shop.py", "customers", "orders"),
    ),
    "a merge": Case(
        two_branches(all_of(SLOWER, append("utils/days.py")), LATER),
        Expected(
            image=(*SHOP, "utils/days.py"),
            flows={"customers": SHOP, "orders": SHOP, "rates": ("utils/days.py",)},
            update=IS_LATER,
            worker=True,
        ),
    ),
    "a change and its revert": Case(
        all_of(commits(SLOWER), git("revert", "--no-edit", "HEAD"))
    ),
    "a revert of what is in production": Case(
        all_of(
            *(commits(all_of(SLOWER, LATER)), git("tag", "bad")),
            git("revert", "--no-edit", "HEAD"),
        ),
        Expected(
            image=SHOP,
            flows={"customers": SHOP, "orders": SHOP},
            update={
                "orders/production": {"schedules.0.cron": ("0 8 * * *", "0 7 * * *")}
            },
        ),
        since="bad",
    ),
}
