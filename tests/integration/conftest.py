"""An opened box and clients of several callers."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from httpx import AsyncClient
from litestar import Litestar

from renderio_box.api.app import create_app
from renderio_box.api.health import Health
from renderio_box.catalog.keys import Scope
from renderio_box.database.connection import open_sqlite
from renderio_box.inputs.download import Downloader
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.queue.job_queue import JobQueue
from renderio_box.webhooks.sender import Sender
from tests.fakes import (
    ManualClock,
    Receiver,
    ScriptedExecutor,
    ScriptedPlayer,
    ScriptedProber,
    receiving,
)
from tests.integration.box import (
    BOUNDS,
    DATABASE,
    FACTS,
    LOOPBACK,
    SENT_WITHIN_S,
    Box,
    Outside,
    open_box,
    speaking_to,
)
from tests.integration.standing_app import StandingApp


@pytest.fixture
def executor() -> ScriptedExecutor:
    return ScriptedExecutor()


@pytest.fixture
def prober() -> ScriptedProber:
    return ScriptedProber()


@pytest.fixture
def player() -> ScriptedPlayer:
    return ScriptedPlayer()


@pytest.fixture(scope="session")
async def downloader() -> AsyncGenerator[Downloader]:
    """Return one downloader for all tests: making one takes longer than most of them."""
    opened = Downloader(BOUNDS, OutboundTransport(LOOPBACK))
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def sender() -> AsyncGenerator[Sender]:
    """Return one sender for all tests, for the same reason."""
    opened = Sender(OutboundTransport(LOOPBACK), within_s=SENT_WITHIN_S)
    yield opened
    await opened.close()


@pytest.fixture
def outside(
    clock: ManualClock,
    executor: ScriptedExecutor,
    prober: ScriptedProber,
    player: ScriptedPlayer,
    downloader: Downloader,
    sender: Sender,
) -> Outside:
    return Outside(
        clock=clock,
        executor=executor,
        prober=prober,
        player=player,
        downloader=downloader,
        sender=sender,
        health=Health(FACTS, {}, clock),
    )


@pytest.fixture(scope="session")
async def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that has just been created: copying it is a tenth of the work."""
    path = tmp_path_factory.mktemp("new") / DATABASE
    async with open_sqlite(path):
        return path


@pytest.fixture
async def box(tmp_path: Path, outside: Outside, new_database: Path) -> AsyncGenerator[Box]:
    shutil.copy(new_database, tmp_path)
    async with open_box(tmp_path, outside) as opened:
        yield opened


@pytest.fixture
def queue(box: Box) -> JobQueue:
    return box.queue


@pytest.fixture
async def full_box(tmp_path: Path, outside: Outside) -> AsyncGenerator[Box]:
    """Return a box whose disk has no room above the reserve."""
    async with open_box(tmp_path, outside, reserve_bytes=2**60) as opened:
        yield opened


@pytest.fixture(scope="session")
def standing_app() -> StandingApp:
    return StandingApp()


@pytest.fixture
def app(box: Box, standing_app: StandingApp) -> Litestar:
    return standing_app.around(box.parts)


@pytest.fixture
async def client(box: Box, app: Litestar) -> AsyncGenerator[AsyncClient]:
    """Return a client whose key speaks for ann and has the usual scopes."""
    async with speaking_to(app, await box.key("ann")) as opened:
        yield opened


@pytest.fixture
async def stranger(box: Box, app: Litestar) -> AsyncGenerator[AsyncClient]:
    """Return a client whose key speaks for somebody else."""
    async with speaking_to(app, await box.key("bob")) as opened:
        yield opened


@pytest.fixture
async def admin(box: Box, app: Litestar) -> AsyncGenerator[AsyncClient]:
    """Return a client that sees everybody's commands and files."""
    async with speaking_to(app, await box.key("root", Scope.ADMIN)) as opened:
        yield opened


@pytest.fixture
async def anonymous(app: Litestar) -> AsyncGenerator[AsyncClient]:
    """Return a client without a key."""
    async with speaking_to(app, None) as opened:
        yield opened


@pytest.fixture(scope="session")
async def shared_app(
    tmp_path_factory: pytest.TempPathFactory, downloader: Downloader, sender: Sender
) -> AsyncGenerator[tuple[Box, Litestar]]:
    """Return a box that tests share whose requests are refused and so change nothing."""
    clock = ManualClock()
    outside = Outside(
        clock=clock,
        executor=ScriptedExecutor(),
        prober=ScriptedProber(),
        downloader=downloader,
        sender=sender,
        health=Health(FACTS, {}, clock),
    )
    async with open_box(tmp_path_factory.mktemp("shared"), outside) as opened:
        yield opened, create_app(opened.parts)


@pytest.fixture(scope="session")
async def shared_client(shared_app: tuple[Box, Litestar]) -> AsyncGenerator[AsyncClient]:
    """Return a client of the shared box with a good key, for requests that change nothing."""
    box, app = shared_app
    async with speaking_to(app, await box.key("ann")) as opened:
        yield opened


@pytest.fixture(scope="session")
async def shared_anonymous(shared_app: tuple[Box, Litestar]) -> AsyncGenerator[AsyncClient]:
    """Return a client of the shared box without a key."""
    async with speaking_to(shared_app[1], None) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    async with receiving() as opened:
        yield opened
