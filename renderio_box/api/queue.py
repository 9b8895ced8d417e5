"""Taking up no work for a while, for keys with the scope ``admin``."""

from datetime import UTC, datetime

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency

from renderio_box.api.authentication import requires
from renderio_box.catalog.keys import Scope
from renderio_box.queue.gate import Gate
from renderio_box.queue.history import History


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """What the box has to do, and whether it takes any of it up."""

    drained: bool
    quiet_until: datetime | None
    running: int
    queued: int


class QueueController(Controller):
    """What the box has to do."""

    path = "/api/v1/queue"
    tags = ("Queue",)
    guards = (requires(Scope.ADMIN),)

    @get()
    async def show_queue(
        self, gate: NamedDependency[Gate], history: NamedDependency[History]
    ) -> QueueView:
        """Count what runs and what waits, whosever it is, and tell whether anything is taken up."""
        return await view(gate, history)

    @post("/drain", status_code=200)
    async def drain_queue(
        self, gate: NamedDependency[Gate], history: NamedDependency[History]
    ) -> QueueView:
        """Take up no command from now on; those that run go on, others are accepted and wait.

        It is forgotten when the box is started anew.
        """
        gate.drain()
        return await view(gate, history)

    @post("/resume", status_code=200)
    async def resume_queue(
        self, gate: NamedDependency[Gate], history: NamedDependency[History]
    ) -> QueueView:
        """Take commands up again. Quiet hours of the configuration stay what they are."""
        gate.resume()
        return await view(gate, history)


async def view(gate: Gate, history: History) -> QueueView:
    """Describe the queue; a command that was being taken up a moment ago counts as running."""
    # Whoever claims asks the gate and gets in line for the database in one go, so that
    # every claim from before the gate was shut is counted.
    standing = await history.standing()
    until = gate.quiet_until()
    return QueueView(
        drained=gate.is_drained,
        quiet_until=None if until is None else until.astimezone(UTC),
        running=standing.running,
        queued=standing.queued,
    )
