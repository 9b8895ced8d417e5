"""The box as integration tests open it: everything real but FFmpeg, the clock and the network."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import anyio
import httpx
import msgspec
from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from msgspec.structs import replace

from renderio_box.api.app import Parts
from renderio_box.api.health import BoxFacts, FfmpegFacts, Health
from renderio_box.api.hosts import KnownHosts
from renderio_box.api.llms import Offer
from renderio_box.api.observatory import Observatory
from renderio_box.api.renderio.files import UploadLimit
from renderio_box.api.streams import Streams
from renderio_box.api.urls import UrlMaker
from renderio_box.backup.taking import Backups
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.catalog.expiry import Expiry
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.inspection import Inspector
from renderio_box.catalog.keys import USUAL_SCOPES, KeyRing, Scope
from renderio_box.catalog.part_uploads import PartUploads, UploadTerms
from renderio_box.catalog.presets import PresetCatalog
from renderio_box.catalog.wanted import WantedFiles
from renderio_box.companions import accompanied_by
from renderio_box.data_directory import DataDirectory
from renderio_box.database.connection import SqliteDatabase, open_sqlite
from renderio_box.identifiers import DeliveryId, FileId, JobId, Owner
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.download import DownloadBounds, Downloader
from renderio_box.jobs.delivery import Delivery, Receipt
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.files import FileStatus, StoredFile
from renderio_box.jobs.limits import JobLimits
from renderio_box.jobs.needs import Bounds
from renderio_box.jobs.retention import FOR_EVER, Terms
from renderio_box.logs import LINES_PER_MINUTE, Sparingly
from renderio_box.metrics import Metrics
from renderio_box.networks import opened_by
from renderio_box.outgoing import describing
from renderio_box.queue.admission import Depth
from renderio_box.queue.disposal import Disposal
from renderio_box.queue.gate import Gate
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History, JobReport
from renderio_box.queue.job_queue import JobQueue, QueueRules
from renderio_box.queue.outbox import Outbox, Parcel
from renderio_box.queue.survey import Surveyor
from renderio_box.quiet_hours import QuietHours
from renderio_box.scheduler.attempt import AttemptRunner
from renderio_box.scheduler.capacity import Capacity, Machine
from renderio_box.scheduler.collect import Collector
from renderio_box.scheduler.fetch import Fetcher
from renderio_box.scheduler.floor import Floor
from renderio_box.scheduler.gather import Gatherer
from renderio_box.scheduler.keeper import Keeper
from renderio_box.scheduler.publish import Publisher
from renderio_box.scheduler.retention import Retention
from renderio_box.scheduler.scheduler import Scheduler
from renderio_box.scheduler.shared_inputs import SharedInputs
from renderio_box.scheduler.verification import Verifier
from renderio_box.scheduler.watchdog import WatchBounds, Watchdog
from renderio_box.scheduler.workspace import Workspaces
from renderio_box.settings import Config, ServerConfig
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.local import LocalStorage
from renderio_box.wakeup import Announcer, Wakeup
from renderio_box.webhooks.dispatcher import Dispatcher
from renderio_box.webhooks.sender import Sender
from tests.builders import BUILD, LIMITS
from tests.fakes import (
    ManualClock,
    ScriptedExecutor,
    ScriptedPlayer,
    ScriptedProber,
    UnwalledUnpacker,
    WatchedWakeup,
)

MAX_BODY_BYTES: Final = 64 * 1024
MAX_UPLOAD_BYTES: Final = 1024 * 1024
MAX_INPUT_BYTES: Final = 100_000
MAX_OUTPUT_BYTES: Final = 200_000
MAX_STREAMS: Final = 3
HEARTBEAT_S: Final = 0.3
URL_KEYS: Final = {1: b"k" * 32}
DATABASE: Final = "box.sqlite3"
BASE_URL: Final = "http://box.test"
NOWHERE: Final = "00000000-0000-7000-8000-000000000000"
RUN: Final = "/api/v1/run-ffmpeg-command"
COMMANDS: Final = "/api/v1/commands"
UPLOAD: Final = "/api/v1/files/upload"
FILES: Final = "/api/v1/files"
UPLOAD_TERMS: Final = UploadTerms(part_bytes=1000, kept_for=timedelta(hours=24))
PRESETS: Final = "/api/v1/presets"
FINAL_WITHIN_S: Final = 30.0
SENT_WITHIN_S: Final = 1.0
BOUNDS: Final = DownloadBounds(
    max_bytes=MAX_INPUT_BYTES, total_seconds=5.0, stall_seconds=0.7, max_redirects=2
)
WATCH_BOUNDS: Final = WatchBounds(stall_seconds=60, max_bytes=2**30, max_files=1000)
MEMORY_BYTES: Final = 1000 * 2**20
NEED_BOUNDS: Final = Bounds(
    memory_bytes=MEMORY_BYTES // 4,
    input_bytes=MAX_INPUT_BYTES,
    output_bytes=MAX_OUTPUT_BYTES,
    workspace_bytes=2**30,
    cpus=2,
)
"""So that four jobs fit, whatever is guessed of them."""
LOOPBACK: Final = NetworkPolicy(opened_by(["127.0.0.0/8", "::1"]))
"""Where the servers of tests are."""
FACTS: Final = BoxFacts(
    version="0",
    isolation="bubblewrap with landlock",
    vcpus=LIMITS.vcpus,
    ffmpeg=FfmpegFacts(version="7.1", ffmpeg="/usr/bin/ffmpeg", ffprobe=None, missing_encoders=()),
)

OFFER: Final = Offer(
    config=Config(),
    vcpus=LIMITS.vcpus,
    ffmpeg_version="7.1",
    encoders=frozenset({"libx264", "aac"}),
    filters=frozenset({"drawtext"}),
)


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What tests put in place of the world, or share among themselves."""

    clock: ManualClock
    executor: ScriptedExecutor
    prober: ScriptedProber
    downloader: Downloader
    sender: Sender
    health: Health
    bounds: WatchBounds = WATCH_BOUNDS
    memory_bytes: int = MEMORY_BYTES
    player: ScriptedPlayer = msgspec.field(default_factory=ScriptedPlayer)
    limits: JobLimits = LIMITS
    quiet: QuietHours = QuietHours()


class WatchedOutbox(Outbox):
    """An outbox on whose every attempt a test can wait, however it was recorded."""

    def __init__(
        self,
        database: SqliteDatabase,
        clock: ManualClock,
        wakeup: Wakeup,
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__(database, clock, wakeup, metrics)
        self.next_record = anyio.Event()

    async def open(self, delivery_id: DeliveryId) -> Parcel | None:
        parcel = await super().open(delivery_id)
        if parcel is None:
            self._tell()
        return parcel

    async def settle(self, parcel: Parcel, receipt: Receipt) -> Delivery | None:
        try:
            return await super().settle(parcel, receipt)
        finally:
            self._tell()

    async def give_up(self, delivery_id: DeliveryId, reason: str) -> None:
        await super().give_up(delivery_id, reason)
        self._tell()

    def _tell(self) -> None:
        self.next_record.set()
        self.next_record = anyio.Event()


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """An opened box whose scheduler works only while a test lets it."""

    root: Path
    clock: ManualClock
    executor: ScriptedExecutor
    prober: ScriptedProber
    database: SqliteDatabase
    storage: LocalStorage
    wakeup: WatchedWakeup
    queue: JobQueue
    history: History
    files: FileCatalog
    wanted: WantedFiles
    part_uploads: PartUploads
    keys: KeyRing
    delivery_wakeup: WatchedWakeup
    outbox: WatchedOutbox
    scheduler: Scheduler
    dispatcher: Dispatcher
    keeper: Keeper
    retention: Retention
    parts: Parts

    async def report(self, job_id: str) -> JobReport:
        """Return what the history says of a job."""
        return await self.history.find(JobId(job_id), sees=None)

    async def work_until_final(self, job_id: str) -> JobReport:
        """Let the scheduler work until that job has ended."""
        async with accompanied_by(self.scheduler.run):
            return await self.until_final(job_id)

    async def until_final(self, job_id: str) -> JobReport:
        """Wait, in a bounded time, until the job has ended."""
        with anyio.fail_after(FINAL_WITHIN_S):
            while True:
                signal = self.wakeup.next_signal
                report = await self.report(job_id)
                if report.job.finished_at is not None:
                    return report
                await signal.wait()

    async def keep_until(self, file_id: str, *statuses: FileStatus) -> StoredFile:
        """Let the keeper work until the file has one of the statuses, or has settled."""
        async with accompanied_by(self.keeper.run):
            return await self.until_file(file_id, *statuses)

    async def until_file(self, file_id: str, *statuses: FileStatus) -> StoredFile:
        """Wait, in a bounded time, until the file has one of the statuses, or has settled."""
        awaited = {FileStatus.STORED, FileStatus.FAILED, *statuses}
        with anyio.fail_after(FINAL_WITHIN_S), self.wanted.listening() as wakeup:
            while True:
                file = await self.files.find(FileId(file_id), sees=None)
                if file.status in awaited:
                    return file
                await wakeup.wait(timeout_s=FINAL_WITHIN_S)

    async def key(self, owner: str, *scopes: Scope) -> str:
        """Make a key for ``owner``, with the usual scopes unless some are named."""
        chosen = frozenset(scopes) or USUAL_SCOPES
        return await self.keys.add(f"{owner}-{len(chosen)}", owner=Owner(owner), scopes=chosen)


def speaking_to(app: Litestar, key: str | None) -> AsyncClient:
    """Return a client that speaks to the application in this very event loop."""
    headers = {} if key is None else {"X-API-KEY": key}
    return AsyncClient(
        transport=ASGITransport(app), base_url=BASE_URL, headers=headers, timeout=10.0
    )


@asynccontextmanager
async def open_box(
    root: Path,
    outside: Outside,
    *,
    reserve_bytes: int = 0,
    depth: Depth | None = None,
    url_hours: int = 0,
    terms: Terms = FOR_EVER,
) -> AsyncGenerator[Box]:
    """Open every part on the files under ``root``, as the appliance does."""
    clock, prober, wakeup = outside.clock, outside.prober, WatchedWakeup()
    metrics = Metrics(ErrorStatus)
    async with open_sqlite(root / DATABASE, metrics) as database:
        shortage = Wakeup()
        storage = LocalStorage(
            root / "files", reserve_bytes=reserve_bytes, shortage=shortage, metrics=metrics
        )
        await storage.open()
        keys = KeyRing(database, clock)
        await keys.load()
        addresses = Addresses(URL_KEYS, clock, hours=url_hours)
        data = DataDirectory(root)
        data.url_keys()
        files = FileCatalog(database, storage, prober, clock, addresses, terms)
        wanted = WantedFiles(database, storage, prober, clock, addresses, terms)
        part_uploads = PartUploads(
            database, storage, prober, clock, replace(UPLOAD_TERMS, retention=terms)
        )
        workspaces = Workspaces(root / "work")
        await workspaces.sweep()
        announcer, delivery_wakeup = Announcer(wakeup), WatchedWakeup()
        queue = JobQueue(
            database,
            clock,
            Herald(announcer, delivery_wakeup, metrics),
            addresses=addresses,
            rules=QueueRules(depth=depth or Depth(), terms=terms),
        )
        gate = Gate(outside.quiet, lambda moment: moment, clock, wakeup)
        history = History(database, addresses, queue.line)
        outbox = WatchedOutbox(database, clock, delivery_wakeup, metrics)
        dispatcher = Dispatcher(
            outbox=outbox,
            history=history,
            describe=describing(UrlMaker("", addresses)),
            sender=outside.sender,
            clock=clock,
            wakeup=delivery_wakeup,
        )
        shared = SharedInputs(root / "work")
        scheduler = Scheduler(
            queue=queue,
            runner=AttemptRunner(
                workspaces=workspaces,
                gatherer=Gatherer(
                    Fetcher(outside.downloader, storage, files, shared),
                    UnwalledUnpacker(),
                    storage,
                    max_bytes=MAX_INPUT_BYTES,
                ),
                watchdog=Watchdog(
                    outside.executor,
                    outside.bounds,
                    Floor(storage.room_bytes, reserve_bytes=reserve_bytes),
                ),
                prober=prober,
                collector=Collector(
                    Publisher(storage),
                    prober,
                    Verifier(outside.player, prober),
                    max_bytes=MAX_OUTPUT_BYTES,
                ),
                build=BUILD,
            ),
            capacity=Capacity(
                Machine(
                    vcpus=LIMITS.vcpus,
                    cpus=(0, 1),
                    memory_bytes=outside.memory_bytes,
                    free_bytes=storage.free_bytes,
                    bounds=NEED_BOUNDS,
                ),
                wakeup=wakeup,
                metrics=metrics,
            ),
            gate=gate,
            shared=shared,
        )
        parts = Parts(
            queue=queue,
            gate=gate,
            history=history,
            files=files,
            wanted=wanted,
            part_uploads=part_uploads,
            inspector=Inspector(
                database, storage, prober, outside.downloader, addresses, scratch=root / "work"
            ),
            presets=PresetCatalog(database, clock),
            storage=storage,
            backups=Backups(data, storage),
            addresses=addresses,
            keys=keys,
            endpoints=EndpointCatalog(database, clock),
            outbox=outbox,
            health=outside.health,
            metrics=metrics,
            observatory=Observatory(
                metrics,
                Surveyor(database),
                storage,
                gate,
                clock,
                reserve_bytes=reserve_bytes,
            ),
            limits=outside.limits,
            build=BUILD,
            upload_limit=UploadLimit(MAX_UPLOAD_BYTES),
            offer=OFFER,
            streams=Streams(announcer, max_open=MAX_STREAMS, heartbeat_seconds=HEARTBEAT_S),
            rate_limit=None,
            hosts=KnownHosts(ServerConfig(), machine=""),
            refusals=Sparingly(clock.monotonic, per_minute=LINES_PER_MINUTE),
            public_url="",
            max_body_bytes=MAX_BODY_BYTES,
        )
        yield Box(
            root=root,
            clock=clock,
            executor=outside.executor,
            prober=prober,
            database=database,
            storage=storage,
            wakeup=wakeup,
            queue=queue,
            history=history,
            files=files,
            wanted=wanted,
            part_uploads=part_uploads,
            keys=keys,
            delivery_wakeup=delivery_wakeup,
            outbox=outbox,
            scheduler=scheduler,
            dispatcher=dispatcher,
            keeper=Keeper(
                wanted=wanted,
                uploads=part_uploads,
                downloader=outside.downloader,
                storage=storage,
            ),
            retention=Retention(
                expiry=Expiry(database, storage, clock, terms),
                disposal=Disposal(database, clock, terms),
                clock=clock,
                wakeup=shortage,
            ),
            parts=parts,
        )


async def submit(client: AsyncClient, body: dict[str, object]) -> str:
    """Submit a command that must be accepted; return its id."""
    accepted = await client.post(RUN, json=body)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["command_id"])


async def upload(
    client: AsyncClient, content: bytes = b"content", name: str = "clip.mp4"
) -> dict[str, object]:
    """Upload a file that must be accepted; return the answer."""
    stored = await client.post(UPLOAD, files={"file": (name, content)})
    assert stored.status_code == 200, stored.text
    return stored.json()


async def show(client: AsyncClient, command_id: str) -> dict[str, object]:
    """Return the poll response of a command."""
    shown = await client.get(f"{COMMANDS}/{command_id}")
    assert shown.status_code == 200, shown.text
    return shown.json()


def problem(response: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error answer."""
    return response.status_code, response.json()["error"]


async def posted(
    client: AsyncClient, text: str | bytes, content_type: str | None = None
) -> httpx.Response:
    """Submit a body as it is."""
    headers = {"Content-Type": content_type or "application/json"}
    return await client.post(RUN, content=text, headers=headers)


def files_kept(box: Box) -> list[str]:
    """Return the names of all files in storage."""
    return [path.name for path in (box.root / "files").rglob("*") if path.is_file()]
