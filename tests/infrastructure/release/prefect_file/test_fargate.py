"""Sizes of production's tasks, as prefect.yaml names them: what Fargate has, and where not."""

from __future__ import annotations

import pytest

from infrastructure.release.prefect_file.fargate import task_problems
from tests.samples.pets_prefect_file import FILE, changed, faults
from utils.aws.fargate import DISK_GIB, MEMORY_BY_CPU

OF_DEV = """\
    work_pool:
      name: dev
"""


@pytest.mark.parametrize(
    "variables, line, parts",
    [
        # the pair, in the line of the value to change
        (
            "cpu: 300",
            16,
            [
                "no task of `cpu: 300` with `memory: 1024` (the pool's default).",
                "`cpu` is 256, 512, 1024, 2048, 4096, 8192 or 16384.",
                "`cpu: 512` goes with `memory` of 1024, 2048, 3072 or 4096 MiB.",
            ],
        ),
        (
            "cpu: 256\n        memory: 4096",
            17,
            [
                "no task of `cpu: 256` with `memory: 4096`.",
                "`cpu: 256` goes with `memory` of 512, 1024 or 2048 MiB.",
                "`memory: 4096` goes with `cpu` 512, 1024 or 2048.",
            ],
        ),
        (
            "memory: 512",
            16,
            [
                "`cpu: 512` (the pool's default) with `memory: 512`.",
                "goes with `cpu` 256.",
            ],
        ),
        (
            "cpu: 4096",
            16,
            ["goes with `memory` of 8192 to 30720 MiB in steps of 1024."],
        ),
        (
            "memory: 1500\n        cpu: 8192",
            16,
            ["16384 to 61440 MiB in steps of 4096."],
        ),
        ("cpu: 32768", 16, ["`cpu: 16384` goes with `memory` of 32768 to 122880"]),
        # types
        (
            'cpu: "512"',
            16,
            ["units, of which 1024", 'not "512". Write `cpu: 512`, without'],
        ),
        ("memory: 1 GB", 16, ['`memory` is a whole number of MiB, not "1 GB".']),
        ("cpu: 512.0", 16, ["not 512.0."]),
        ("cpu:", 16, ["not null."]),
        ("cpu: true", 16, ["not true."]),
        ("ephemeral_storage: 50 GiB", 16, ['whole number of GiB, not "50 GiB".']),
        # the disk
        (
            "ephemeral_storage: 20",
            16,
            ["`ephemeral_storage: 20`. Write 21 to 200 GiB, or remove the line"],
        ),
        ("ephemeral_storage: 201", 16, ["Write 21 to 200 GiB"]),
        # where it starts
        (
            "launch_type: FARGATE_SPOT",
            16,
            [
                '`launch_type: "FARGATE_SPOT"`: the cluster has neither machines nor'
                " capacity providers. Remove the line, and it starts on FARGATE."
            ],
        ),
        ("launch_type: EC2", 16, ['`launch_type: "EC2"`']),
        ("capacity_provider_strategy: [{base: 1}]", 16, ["Remove the line"]),
    ],
)
def test_a_task_that_fargate_does_not_have_is_found_in_its_line(variables, line, parts):
    (found,) = faults(changed("cpu: 256", variables))
    assert found.startswith(f"{line}: ")
    for part in parts:
        assert part in found


@pytest.mark.parametrize(
    "variables",
    [
        "cpu: 256\n        memory: 2048",
        "memory: 4096",
        "role: van",  # both by default
        "launch_type: FARGATE",
        "ephemeral_storage: 21",
        "ephemeral_storage: 200",
    ],
)
def test_a_task_that_fargate_has(variables):
    assert faults(changed("cpu: 256", variables)) == []


def test_every_pair_of_the_table_and_no_other_is_accepted():
    """Expects as many as somebody could register on AWS in August 2026: 74."""
    units = [2**power for power in range(5, 17)]
    memory = range(256, 130_000, 256)
    accepted = [
        (cpu, size)
        for cpu in units
        for size in memory
        if not [*task_problems({"cpu": cpu, "memory": size})]
    ]
    assert accepted == [
        (cpu, size) for cpu, sizes in MEMORY_BY_CPU.items() for size in sizes
    ]
    assert len(accepted) == 74
    assert (DISK_GIB[0], DISK_GIB[-1]) == (21, 200)


def test_sizes_of_a_developers_processes_are_not_fargates():
    size = f"{OF_DEV}      job_variables: {{cpu: 300, launch_type: EC2}}\n"
    assert FILE.count(OF_DEV) == 1
    assert faults(FILE.replace(OF_DEV, size)) == []
