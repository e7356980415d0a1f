"""Rules for a deployment: its keys together, and with the flows and the work pools."""

from __future__ import annotations

import pytest

from tests.samples.pets_prefect_file import FILE, changed, faults

MAKE = """build:
      - prefect.deployments.steps.run_shell_script: {script: make}"""
AGAIN = """\
  - <<: *task
    name: production
    entrypoint: flows.cats.cats
    description: Loads cats, too.
    tags: [production]
"""


@pytest.mark.parametrize(
    "old, new, line, reason",
    [
        # Tags and the pool.
        ("tags: [dev]", "tags: [nightly]", 42, "neither `dev` nor `production`"),
        ("tags: [dev]", "tags: [dev, production]", 42, "both `dev` and `production`"),
        ("tags: [dev]", "tags: [production]", 42, "work pool `dev`"),
        ("tags: [production]", "tags: [dev]", 33, "work pool `production`"),
        # The image and other placeholders.
        ("{{ $IMAGE }}", "{{ $IMGAE }}", 15, "image of its commit"),
        ("{{ $IMAGE }}", "registry/pets:latest", 15, "image of its commit"),
        ('        image: "{{ $IMAGE }}"\n', "", 14, "image of its commit"),
        ("Loads cats.", "Loads {{ $WHAT }}.", 25, "`{{ $WHAT }}`"),
        (
            *("cpu: 256", "env:\n          A: '{{ $B | default(1) }}'"),
            *(17, "`{{ $B | default(1) }}`"),
        ),
        ("build: []", MAKE, 17, "`build: []`"),
        (
            *("day: 2026-11-02", "day: {__prefect_kind: jinja, template: x}"),
            *(35, "not for each run"),
        ),
        (
            *(
                "      - *nightly\n",
                "      - <<: *nightly\n        slug: a\n"
                "      - <<: *nightly\n        slug: b\n"
                "      - <<: *nightly\n        slug: a\n",
            ),
            *(33, "slug `a`"),
        ),
        # Work pools and flows that exist.
        (
            *("name: production\n      job", "name: prodcution\n      job"),
            *(13, "no work pool `prodcution`. Did you mean `production`?"),
        ),
        (
            *("name: production\n      job", "name: ecs\n      job"),
            *(13, "no work pool `ecs`. There is dev, production."),
        ),
        (
            *("flows.cats.cats", "flows.cast.cats"),
            *(24, "no flows/cast.py. Did you mean `flows.cats.cats`?"),
        ),
        (
            *("  - name: dev\n", f"{AGAIN}  - name: dev\n"),
            *(39, "cats/production is declared twice, first in line 22"),
        ),
        # Parameters of the deployment and of a schedule.
        (
            *("day: 2026-11-02", "day: 2026-11-02\n      limti: 3"),
            *(36, "no parameter `limti`. Did you mean `limit`?"),
        ),
        (
            *("- *nightly", "- <<: *nightly\n        parameters: {day: 2026-11-02}"),
            *(29, "The flow cats has no parameter `day`"),
        ),
        ("2026-11-02", "yesterday", 35, "refuses `day`: 'yesterday'"),
        ("limit: 3", "limit: few", 38, "refuses `limit`: 'few'"),
        ("limit: 3", "names: [Rex,\n          5]", 39, "refuses `names`: 5"),
        (
            *("    parameters:\n      day: 2026-11-02\n", ""),
            *(36, "the parameters of this schedule: 'day' is a required property"),
        ),
    ],
)
def test_a_contradiction_is_found_in_its_line(old, new, line, reason):
    (found,) = faults(changed(old, new))
    assert found.startswith(f"{line}: ") and reason in found


def test_parameters_are_not_checked_without_an_enforced_schema():
    free = "yesterday\n    enforce_parameter_schema: false"
    assert faults(changed("2026-11-02", free)) == []


def test_the_pool_dev_need_not_exist_on_productions_server():
    assert faults(FILE, pools=["production"]) == []
