"""The places in the product where boxes are killed must exist, or nothing is shown."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults import checkpoints
from tests.faults.checkpoints import CHECKPOINTS, Checkpoint, Moment, deadly, found
from tests.faults.clients import ACTS


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were to be killed."""
    seen: list[int] = []
    monkeypatch.setattr(checkpoints.os, "kill", lambda process, _: seen.append(process))
    return seen


@pytest.mark.parametrize("checkpoint", CHECKPOINTS.values(), ids=CHECKPOINTS)
def test_every_checkpoint_is_a_function_of_the_product(checkpoint: Checkpoint) -> None:
    _, _, function = found(checkpoint)

    assert callable(function)


def test_every_checkpoint_has_somebody_who_comes_to_it() -> None:
    assert {each.act for each in CHECKPOINTS.values()} - {None} <= set(ACTS)


@pytest.mark.parametrize("moment", Moment)
def test_only_the_nth_call_is_deadly(killed: list[int], moment: Moment) -> None:
    function = deadly(lambda: "done", Checkpoint("", "", moment, nth=2))

    deaths = [(function(), len(killed)) for _ in range(3)]

    assert deaths == [("done", 0), ("done", 1), ("done", 1)]


@pytest.mark.parametrize(
    ("moment", "order"), [(Moment.BEFORE, ["killed", "done"]), (Moment.AFTER, ["done", "killed"])]
)
async def test_a_coroutine_is_deadly_once_it_is_awaited(
    monkeypatch: pytest.MonkeyPatch, moment: Moment, order: list[str]
) -> None:
    happened: list[str] = []

    async def work() -> None:
        happened.append("done")

    note: Callable[..., Any] = lambda *_: happened.append("killed")  # noqa: E731
    monkeypatch.setattr(checkpoints.os, "kill", note)
    call = deadly(work, Checkpoint("", "", moment))()
    assert happened == []

    await call

    assert happened == order
