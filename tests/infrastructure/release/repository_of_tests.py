"""A small project like this one, in a git repository: five flows and their surroundings.

What imports what:

    rates      pipelines.rates      sources.rates            utils.days, utils.log; dlt
    customers  pipelines.shop       sources.shop             utils.log; dlt
    orders     pipelines.shop       sources.shop             utils.log; dlt
    export     pipelines.export     sources.redshift.sql_files        utils.log; queries/*.sql
    ping                                                     utils.log, utils.gone_soon
"""

from __future__ import annotations

from pathlib import Path

from infrastructure.release.stack.by_hand import TEMPLATES as BY_HAND
from tests.repository.tree import ROOT
from tests.samples.git_repository import Repository
from utils.aws.stack import TEMPLATE

QUERY = "sources/redshift/queries/daily/sales.sql"


def flow(name: str, module: str, parameters: str = "") -> str:
    """Return the code of a flow that calls the function `load` of a module."""
    package, _, imported = module.rpartition(".")
    return f'''"""Runs {imported}."""

from prefect import flow

from {package} import {imported}
from utils.log import log


@flow
def {name}({parameters}) -> None:
    """Load what there is."""
    log("{name}")
    {imported}.load()
'''


CODE = {
    "flows/__init__.py": '"""Flows."""\n',
    "flows/rates.py": flow("rates", "pipelines.rates", "refresh: bool = False"),
    "flows/customers.py": flow("customers", "pipelines.shop"),
    "flows/orders.py": flow("orders", "pipelines.shop"),
    "flows/export.py": flow("export", "pipelines.export"),
    "flows/ping.py": '''"""Does nothing."""

from prefect import flow

from utils.log import log


@flow
def ping() -> None:
    from utils import gone_soon

    log(gone_soon.WORD)
''',
    "pipelines/__init__.py": '"""Pipelines."""\n',
    "pipelines/rates.py": '''"""Rates into the warehouse."""

from sources.rates import rows
from utils.days import today


def load() -> None:
    import dlt

    dlt.pipeline("rates").run(rows(today()))
''',
    "pipelines/shop.py": '''"""The shop's tables into the warehouse."""

from sources import shop


def load() -> None:
    import dlt

    dlt.pipeline("shop").run(shop.rows())
''',
    "pipelines/export.py": '''"""Results of queries into files."""

from sources.redshift.sql_files import queries


def load() -> None:
    print(queries())
''',
    "sources/__init__.py": '"""Sources."""\n',
    "sources/rates.py": "def rows(day):\n    return [day]\n",
    "sources/shop.py": "def rows():\n    return [1]\n",
    "sources/redshift/sql_files.py": '''"""Queries, a file each."""

from pathlib import Path


def queries() -> list[str]:
    files = (Path(__file__).parent / "queries").rglob("*.sql")
    return [file.read_text() for file in files]
''',
    QUERY: "SELECT 1\n",
    "utils/__init__.py": '"""Of all the rest."""\n',
    "utils/days.py": "def today():\n    return 1\n",
    "utils/log.py": "def log(text):\n    print(text)\n",
    "utils/gone_soon.py": 'WORD = "pong"\n',
    "utils/unused.py": '"""Of nobody."""\n',
}

HEAD = """\
name: shop
prefect-version: 3.8.8

definitions:
  dev: &dev
    name: dev
    build: []
    pull:
      - prefect.deployments.steps.set_working_directory: {directory: /code}
    work_pool: {name: dev}
  production: &production
    name: production
    build: []
    pull:
      - prefect.deployments.steps.set_working_directory: {directory: /app}

deployments:
"""


def deployment(flow: str, size: str, more: str = "", kind: str = "load") -> str:
    """Return a deployment of prefect.yaml, for production."""
    variables = f'{{image: "{{{{ $IMAGE }}}}", {size}}}'
    return f"""\
  - <<: *production
    entrypoint: flows.{flow}.{flow}
    description: The flow {flow}, in production.
    tags: [production, {kind}]
    work_pool: {{name: production, job_variables: {variables}}}
{more}
"""


def schedule(cron: str, more: str = "") -> str:
    return f"""\
    concurrency_limit: {{limit: 1, collision_strategy: ENQUEUE}}
    schedules:
      - {{cron: "{cron}", timezone: Europe/Berlin, active: true{more}}}
"""


PRODUCTION = {
    "ping": deployment("ping", "cpu: 256, memory: 512", kind="smoke-test"),
    "rates": deployment(
        *("rates", "cpu: 1024, memory: 3072"),
        schedule("30 16 * * *", ", parameters: {refresh: true}"),
    ),
    "customers": deployment(
        "customers", "cpu: 512, memory: 4096", schedule("0 6 * * *")
    ),
    "orders": deployment("orders", "cpu: 1024, memory: 5120", schedule("0 7 * * *")),
    "export": deployment("export", "cpu: 512, memory: 1024"),
}
DEV = """\
  - <<: *dev
    entrypoint: flows.rates.rates
    description: The flow rates, of a developer.
    tags: [dev, load]
    schedules:
      - {cron: "30 16 * * *", timezone: Europe/Berlin, active: false}

"""

OTHERS = {
    "prefect.yaml": HEAD + DEV + "".join(PRODUCTION.values()),
    "README.md": "# A shop's data\n",
    "Dockerfile": (ROOT / "Dockerfile").read_text(),
    ".dockerignore": (ROOT / ".dockerignore").read_text(),
    "pyproject.toml": '[project]\nname = "shop"\n\n[tool.black]\nline-length = 88\n',
    "uv.lock": '[[package]]\nname = "dlt"\nversion = "1.31.0"\n',
    ".dlt/config.toml": "[runtime]\nrequest_timeout = 30\n",
    ".dlt/secrets.toml.example": "# sources.shop.password\n",
    ".github/workflows/main.yaml": "on: push\n",
    TEMPLATE: (ROOT / TEMPLATE).read_text(),
    **{path: (ROOT / path).read_text() for path, _ in BY_HAND.values()},
    "blocks/alerts.py": "CHANNEL = 'alerts'\n",
    "tests/flows/test_rates.py": "def test_rates(): ...\n",
}


def new_repository(folder: Path) -> Repository:
    """Return a repository whose first commit, tagged `house`, has all of this."""
    repository = Repository(folder)
    repository.write(CODE | OTHERS)
    repository.commit("The house")
    repository.git("tag", "house")
    return repository
