"""Repairs after a look, in the order in which they help each other."""

from __future__ import annotations

from prefect.client.orchestration import SyncPrefectClient

from utils.watch.history import History
from utils.watch.repairs.silent_runs import SilentRuns
from utils.watch.repairs.slots import Slots
from utils.watch.repairs.surplus_runs import cancel_surplus_runs
from utils.watch.repairs.sweeper import Sweeper
from utils.watch.repairs.unbegun_runs import UnbegunRuns


class Repairs:
    """Memory from look to look."""

    def __init__(self) -> None:
        self._sweeper = Sweeper.of_environment()
        self._silent_runs = SilentRuns()
        self._slots = Slots()
        self._unbegun_runs = UnbegunRuns()

    def make(self, client: SyncPrefectClient, history: History) -> None:
        """Bring back to normal what nobody has to be asked about."""
        if self._sweeper:
            # before the others, because it knows why a run has ended
            self._sweeper.sweep(client, history)
        with_task = self._sweeper.with_task if self._sweeper else ()
        self._silent_runs.end(client, history, with_task)
        self._slots.repair(client, history)
        cancel_surplus_runs(client, history)
        self._unbegun_runs.start_again(client, history)
