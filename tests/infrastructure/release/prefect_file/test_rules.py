"""What has to go together in a deployment, and with the code and the work pools."""

from __future__ import annotations

import pytest

from tests.samples.pets_prefect_file import FILE, changed, faults

ONE_IMAGE = (
    "All of production has the image of its commit. Write"
    ' `image: "{{ $IMAGE }}"` in `job_variables`.'
)
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
    "old, new, fault",
    [
        # tags and the pool
        (
            *("tags: [dev]", "tags: [nightly]"),
            "42: The tags have neither `dev` nor `production`. Write one of the two.",
        ),
        (
            *("tags: [dev]", "tags: [dev, production]"),
            "42: The tags have both `dev` and `production`. Write one of the two.",
        ),
        (
            *("tags: [dev]", "tags: [production]"),
            "42: The tag is `production`, and the work pool `dev`. The tag `dev` and the"
            " pool `dev` go together. Change one.",
        ),
        (
            *("tags: [production]", "tags: [dev]"),
            "33: The tag is `dev`, and the work pool `production`. The tag `dev` and the"
            " pool `dev` go together. Change one.",
        ),
        # what a release fills in
        ("{{ $IMAGE }}", "{{ $IMGAE }}", f"15: {ONE_IMAGE}"),
        ("{{ $IMAGE }}", "registry/pets:latest", f"15: {ONE_IMAGE}"),
        ('        image: "{{ $IMAGE }}"\n', "", f"14: {ONE_IMAGE}"),
        (
            *("Loads cats.", "Loads {{ $WHAT }}."),
            "25: Nothing but `{{ $IMAGE }}` is filled in for production: `{{ $WHAT }}` may"
            " become an empty text. Write the value itself.",
        ),
        (
            *("cpu: 256", "env:\n          A: '{{ $B | default(1) }}'"),
            "17: Nothing but `{{ $IMAGE }}` is filled in for production:"
            " `{{ $B | default(1) }}` may become an empty text. Write the value itself.",
        ),
        (
            *("build: []", MAKE),
            "17: A deployment in production builds nothing. Write `build: []`.",
        ),
        (
            *("day: 2026-11-02", "day: {__prefect_kind: jinja, template: x}"),
            "35: Prefect fills this in once, when the deployment is changed, and not for"
            " each run. Write the value itself.",
        ),
        # schedules
        (
            *(
                "      - *nightly\n",
                "      - <<: *nightly\n        slug: a\n"
                "      - <<: *nightly\n        slug: b\n"
                "      - <<: *nightly\n        slug: a\n",
            ),
            "33: Another schedule of this deployment has the slug `a`, too. Write another"
            " one.",
        ),
        # what is there
        (
            *("name: production\n      job", "name: prodcution\n      job"),
            "13: There is no work pool `prodcution`. Did you mean `production`?",
        ),
        (
            *("name: production\n      job", "name: ecs\n      job"),
            "13: There is no work pool `ecs`. There is dev, production.",
        ),
        (
            *("flows.cats.cats", "flows.cast.cats"),
            "24: The flow `flows.cast.cats` cannot be loaded: there is no flows/cast.py."
            " Did you mean `flows.cats.cats`?",
        ),
        (
            *("  - name: dev\n", f"{AGAIN}  - name: dev\n"),
            "39: cats/production stands here a second time, first in line 22. Give it"
            " another name.",
        ),
        # parameters, of the deployment and of a schedule
        (
            *("day: 2026-11-02", "day: 2026-11-02\n      limti: 3"),
            "36: The flow dogs has no parameter `limti`. Did you mean `limit`?",
        ),
        (
            *("- *nightly", "- <<: *nightly\n        parameters: {day: 2026-11-02}"),
            "29: The flow cats has no parameter `day`. There is none.",
        ),
        (
            *("2026-11-02", "yesterday"),
            "35: The flow dogs refuses `day`: 'yesterday' is not a 'date'.",
        ),
        (
            *("limit: 3", "limit: few"),
            "38: The flow dogs refuses `limit`: 'few' is not of type 'integer', 'few' is"
            " not of type 'null'.",
        ),
        (
            *("limit: 3", "names: [Rex,\n          5]"),
            "39: The flow dogs refuses `names`: 5 is not of type 'string'.",
        ),
        (
            *("    parameters:\n      day: 2026-11-02\n", ""),
            "36: The flow dogs refuses the parameters of this schedule: 'day' is a"
            " required property.",
        ),
    ],
)
def test_what_does_not_go_together(old, new, fault):
    assert faults(changed(old, new)) == [fault]


def test_where_the_schema_is_not_enforced_parameters_are_free():
    free = "yesterday\n    enforce_parameter_schema: false"
    assert faults(changed("2026-11-02", free)) == []


def test_the_pool_dev_need_not_be_where_production_is():
    assert faults(FILE, pools=["production"]) == []
