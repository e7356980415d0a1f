"""Sizes of tasks that AWS Fargate has, on x86 and on ARM. It refuses all others.

Memory: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
Disk: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
"""

from __future__ import annotations

from typing import Sequence

GIB = 1024

MEMORY_BY_CPU: dict[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1 * GIB, 4 * GIB + 1, GIB),
    1024: range(2 * GIB, 8 * GIB + 1, GIB),
    2048: range(4 * GIB, 16 * GIB + 1, GIB),
    4096: range(8 * GIB, 30 * GIB + 1, GIB),
    8192: range(16 * GIB, 60 * GIB + 1, 4 * GIB),
    16384: range(32 * GIB, 120 * GIB + 1, 8 * GIB),
}
"""Sizes of memory in MiB, by CPU units, of which 1024 are one vCPU."""
DISK_GIB = range(21, 201)
"""Sizes of a task's disk that can be asked for. A task that asks for none has 20 GiB."""
