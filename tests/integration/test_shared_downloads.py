"""What several jobs of one batch fetch, with real files and downloads that tests direct."""

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from renderio_box.companions import accompanied_by
from renderio_box.identifiers import BatchId
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.scheduler.failures import NotFetchedError
from renderio_box.scheduler.shared_inputs import SharedInputs

BATCH = BatchId("batch-1")
PLACE = (BATCH, "https://example.org/clip.mp4")
FULL_DISK = NotFetchedError(ErrorStatus.STORAGE_FULL, "was not fetched: the disk was full.")


class Server:
    """Counts downloads, and lets each end only when a test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.has_begun = anyio.Event()
        self.may_end = anyio.Event()
        self.error: Exception | None = None

    async def download(self, url: str, path: Path) -> str:
        self.begun += 1
        await anyio.Path(path).write_text("half of ")
        self.has_begun.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        await anyio.Path(path).write_text(f"{url}, download {self.begun}")
        return "mp4"


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def shared(tmp_path: Path) -> SharedInputs:
    (tmp_path / "work").mkdir()
    return SharedInputs(tmp_path / "work")


def kept_in(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "work" / "shared").iterdir())


async def taken(shared: SharedInputs, target: Path, server: Server) -> str:
    """Take the shared file; return its content and its extension."""
    extension = await shared.link_into(PLACE, target, server.download)
    return f"{target.read_text()} .{extension}"


async def failure(shared: SharedInputs, target: Path, server: Server) -> ErrorStatus:
    with pytest.raises(NotFetchedError) as raised:
        await taken(shared, target, server)
    return raised.value.status


@asynccontextmanager
async def waiting(
    shared: SharedInputs,
    target: Path,
    server: Server,
    seen: list[str | ErrorStatus],
    take: Callable[[SharedInputs, Path, Server], Awaitable[str | ErrorStatus]] = taken,
) -> AsyncGenerator[anyio.CancelScope]:
    """Have somebody else take the file meanwhile, whose end is noted; the scope cancels it."""
    scope = anyio.CancelScope()

    async def other() -> None:
        with scope:
            seen.append(await take(shared, target, server))

    async with anyio.create_task_group() as others:
        others.start_soon(other)
        await anyio.wait_all_tasks_blocked()
        yield scope


async def test_who_comes_later_gets_the_same_file_without_a_download(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()

    first = await taken(shared, tmp_path / "1.mp4", server)
    second = await taken(shared, tmp_path / "2.mp4", server)

    assert (first, second, server.begun) == (first, first, 1)


async def test_who_comes_meanwhile_waits_for_the_first(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    seen: list[str | ErrorStatus] = []

    async with (
        waiting(shared, tmp_path / "1.mp4", server, seen),
        waiting(shared, tmp_path / "2.mp4", server, seen),
    ):
        nothing_yet = list(seen)
        server.may_end.set()

    assert (nothing_yet, len(seen), len(set(seen)), server.begun) == ([], 2, 1, 1)


@pytest.mark.usefixtures("without_reflinks")
async def test_nobody_gets_a_copy(shared: SharedInputs, server: Server, tmp_path: Path) -> None:
    server.may_end.set()
    for name in ("1.mp4", "2.mp4"):
        await taken(shared, tmp_path / name, server)

    assert (tmp_path / "2.mp4").stat().st_nlink == 3


@pytest.mark.usefixtures("without_reflinks")
async def test_nobody_can_write_what_others_read(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()
    await taken(shared, tmp_path / "1.mp4", server)

    assert (tmp_path / "1.mp4").stat().st_mode & 0o777 == 0o440


async def test_others_have_the_file_still_when_one_removes_it(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()
    first = await taken(shared, tmp_path / "1.mp4", server)
    os.unlink(tmp_path / "1.mp4")  # noqa: PTH108 - what FFmpeg's own process would do

    assert await taken(shared, tmp_path / "2.mp4", server) == first


async def test_a_failure_is_everybodys_who_waited_for_it(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.error = FULL_DISK
    seen: list[str | ErrorStatus] = []

    async with (
        waiting(shared, tmp_path / "1.mp4", server, seen, failure),
        waiting(shared, tmp_path / "2.mp4", server, seen, failure),
    ):
        server.may_end.set()

    assert (seen, server.begun) == ([ErrorStatus.STORAGE_FULL] * 2, 1)


async def test_who_comes_after_a_failure_tries_again(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.error = FULL_DISK
    server.may_end.set()
    await failure(shared, tmp_path / "1.mp4", server)
    server.error = None

    assert await taken(shared, tmp_path / "2.mp4", server) == f"{PLACE[1]}, download 2 .mp4"


@pytest.mark.parametrize(
    "end",
    [lambda scope, _: scope.cancel(), lambda _, first: first.may_end.set()],
    ids=["cancelled", "crashed"],
)
async def test_one_who_waited_begins_anew_when_the_first_does_not_end_its_download(
    shared: SharedInputs,
    server: Server,
    tmp_path: Path,
    end: Callable[[anyio.CancelScope, Server], None],
) -> None:
    seen: list[str | ErrorStatus] = []
    first = Server()
    first.error = OSError("the disk broke")

    async def broken(shared: SharedInputs, target: Path, server: Server) -> str:
        with pytest.raises(OSError, match="broke"):
            await taken(shared, target, server)
        return "broken"

    async with (
        waiting(shared, tmp_path / "1.mp4", first, [], broken) as scope,
        waiting(shared, tmp_path / "2.mp4", server, seen),
        waiting(shared, tmp_path / "3.mp4", server, seen),
    ):
        end(scope, first)
        server.may_end.set()

    assert (first.begun, server.begun) == (1, 1)
    assert seen == [f"{PLACE[1]}, download 1 .mp4"] * 2


async def test_nothing_is_left_of_a_download_that_was_cancelled(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    async with accompanied_by(shared.link_into, PLACE, tmp_path / "1.mp4", server.download):
        await server.has_begun.wait()

    assert (kept_in(tmp_path), shared.batches) == ([], frozenset())


async def test_nothing_is_left_of_a_download_that_failed(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.error = FULL_DISK
    server.may_end.set()
    await failure(shared, tmp_path / "1.mp4", server)

    assert (kept_in(tmp_path), shared.batches) == ([], frozenset())


async def test_one_who_is_cancelled_while_waiting_leaves_the_others_alone(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    seen: list[str | ErrorStatus] = []

    async with (
        waiting(shared, tmp_path / "1.mp4", server, seen),
        waiting(shared, tmp_path / "2.mp4", server, seen) as second,
        waiting(shared, tmp_path / "3.mp4", server, seen),
    ):
        second.cancel()
        server.may_end.set()

    assert (len(seen), server.begun) == (2, 1)


async def test_two_batches_share_nothing(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()
    other = (BatchId("batch-2"), PLACE[1])

    await shared.link_into(PLACE, tmp_path / "1.mp4", server.download)
    await shared.link_into(other, tmp_path / "2.mp4", server.download)

    assert (server.begun, shared.batches) == (2, {BATCH, other[0]})


async def test_a_batch_that_is_forgotten_takes_no_room(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()
    other = (BatchId("batch-2"), PLACE[1])
    await shared.link_into(PLACE, tmp_path / "1.mp4", server.download)
    await shared.link_into(other, tmp_path / "2.mp4", server.download)

    await shared.forget(BATCH)

    assert (len(kept_in(tmp_path)), shared.batches) == (1, {other[0]})


async def test_forgetting_takes_nothing_away_from_who_has_the_file(
    shared: SharedInputs, server: Server, tmp_path: Path
) -> None:
    server.may_end.set()
    await taken(shared, tmp_path / "1.mp4", server)

    await shared.forget(BATCH)

    assert (tmp_path / "1.mp4").read_text() == f"{PLACE[1]}, download 1"
