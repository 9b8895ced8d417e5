"""Whether the box lives, and whether it can work."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import anyio
import msgspec
from litestar import Response, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod

from renderio_box.api.hosts import known_host
from renderio_box.clock import Clock

CHECK_SECONDS: Final = 5.0
INSTANCE_BYTES: Final = 8
KEPT_SECONDS: Final = 2.0
"""How long a finding is repeated, so that asking often costs nothing."""

Trial = Callable[[], Awaitable[str]]


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers, and commands are walled in like this.

    ``instance`` tells this run of this box from any other; it says nothing else.
    """

    status: str = "ok"
    isolation: str
    instance: str


class Check(msgspec.Struct, frozen=True):
    """One thing that the box needs: whether it is well, and a word about it."""

    ok: bool
    message: str


class FfmpegFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The FFmpeg that runs commands; ``ffprobe`` is null where facts come from FFmpeg itself."""

    version: str
    ffmpeg: str
    ffprobe: str | None
    missing_encoders: tuple[str, ...]


class BoxFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change while the box runs."""

    version: str
    isolation: str
    vcpus: int
    ffmpeg: FfmpegFacts


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether commands can run now, with every check."""

    ready: bool
    box: BoxFacts
    checks: dict[str, Check]


class Health:
    """Looks at everything that commands need."""

    def __init__(self, facts: BoxFacts, trials: Mapping[str, Trial], clock: Clock) -> None:
        self.instance = secrets.token_hex(INSTANCE_BYTES)
        self._facts = facts
        self._trials = trials
        self._clock = clock
        self._turn = anyio.Lock()
        self._found: tuple[float, Readiness] | None = None

    @property
    def isolation(self) -> str:
        """Return how commands are walled in."""
        return self._facts.isolation

    async def readiness(self) -> Readiness:
        """Try everything; bounded in time, and at most once in two seconds."""
        async with self._turn:
            now = self._clock.monotonic()
            if self._found is not None and now - self._found[0] < KEPT_SECONDS:
                return self._found[1]
            checks: dict[str, Check] = {}
            async with anyio.create_task_group() as trying:
                for name, trial in self._trials.items():
                    trying.start_soon(try_one, name, trial, checks)
            ordered = {name: checks[name] for name in self._trials}
            ready = all(check.ok for check in ordered.values())
            readiness = Readiness(ready=ready, box=self._facts, checks=ordered)
            self._found = (now, readiness)
            return readiness


async def try_one(name: str, trial: Trial, checks: dict[str, Check]) -> None:
    """Keep what one trial finds; whatever goes wrong in it is its finding."""
    try:
        with anyio.fail_after(CHECK_SECONDS):
            checks[name] = Check(ok=True, message=await trial())
    except TimeoutError:
        checks[name] = Check(ok=False, message=f"no answer within {CHECK_SECONDS:g} seconds")
    except Exception as error:  # noqa: BLE001 - a check must report, whatever it meets
        checks[name] = Check(ok=False, message=f"{type(error).__name__}: {error}")


@route(
    "/healthz",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["Operation"],
    guards=[known_host],
)
async def healthz(health: NamedDependency[Health]) -> Alive:
    """Tell that the process lives, and how it walls commands in. Needs no key."""
    return Alive(isolation=health.isolation, instance=health.instance)


@route(
    "/readyz",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    tags=["Operation"],
    guards=[known_host],
)
async def readyz(health: NamedDependency[Health]) -> Response[Readiness]:
    """Tell whether commands can run, with every check: 200 when they can, else 503."""
    readiness = await health.readiness()
    return Response(readiness, status_code=200 if readiness.ready else 503)
