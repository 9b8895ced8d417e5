"""An uploaded file that FFmpeg loads as code: what it can still do behind each of our walls."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
import pytest
from msgspec.structs import replace

from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import Isolation, ResourceLimits, Tier, process_limit
from tests.nobody import NOBODY
from tests.security.breakout import FFMPEG, LIMIT_S, Found, broken_out, built, site

LIMITS: Final = ResourceLimits(
    memory_bytes=1024**3, file_bytes=1024**2, processes=process_limit(2), nice=0
)
NEEDED: Final = {
    "read its input",
    "start a thread",
    "write in its directory",
    "write another in its directory",
    "make a folder in its directory",
}
HARMLESS: Final = {"lock its input", "use every processor"}
"""The box locks no input; processors are a share, and no wall."""
BREACHES: Final = {
    "bubblewrap with landlock": set[str](),
    "bubblewrap": {"become a shell", "write in /tmp"},
    "landlock": {"look for a secret"},
}
"""What else each tier leaves to native code. The shell is behind the same walls, and /tmp its own."""
UNWALLED: Final = "unsandboxed"
NOT_ON_EVERY_MACHINE: Final = {
    "call by x32",
    "clone by clone3",
    "change its input's flags",
    "change its input's version",
    "clone into a namespace",
    "compare itself with another",
    "count events",
    "find a secret by its handle",
    "give its input an attribute",
    "handle its own page faults",
    "load a program into the kernel",
    "open another's memory",
    "read another's memory",
    "take a descriptor of another's",
    "trace another",
    "use io_uring",
}
USERS: Final = {"the box's user": os.geteuid()} | ({"nobody": NOBODY} if os.geteuid() == 0 else {})
LISTENERS: Final = {"tcp", "udp", "named", "abstract"}

BRIEFLY_S: Final = 0.5
ENDLESS: Final = ("stop", "half-end")
"""It stops itself; or its first thread ends and another goes on."""

Offers = dict[str, Isolation | str]
"""By the walls: how FFmpeg is started behind them, or why there are none such here."""
Runs = dict[str, dict[str, Found] | str]
"""By the walls: what the probe came to as each user, or why there are none such here."""


@pytest.fixture(scope="session")
def probe() -> Iterator[Path]:
    """The file that has the code in it, where every user can read it."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o755)
        probe = built(place)
        if probe is None:
            pytest.skip("there is no C compiler")
        if b" ladspa " not in subprocess.check_output([FFMPEG, "-v", "quiet", "-filters"]):
            pytest.skip("this FFmpeg loads no code for a filter")
        yield probe


@pytest.fixture(scope="session")
async def offers(anyio_backend: str, probe: Path) -> Offers:
    """Prove each tier, with a launcher that every user may start."""
    del anyio_backend  # tests that are not async need it named
    return {name: await offered(name, probe.parent) for name in (*BREACHES, UNWALLED)}


@pytest.fixture(scope="session")
async def runs(offers: Offers, probe: Path) -> Runs:
    """Try everything once behind all walls as all users, each time in a place of its own."""
    return {
        name: offer if isinstance(offer, str) else await runs_behind(offer, probe)
        for name, offer in offers.items()
    }


async def offered(name: str, place: Path) -> Isolation | str:
    """Return how FFmpeg is started behind some walls, or why it cannot be."""
    tier = Tier(name.partition(" ")[0])
    try:
        offered = await find_isolation(FFMPEG, LIMITS, Wanted(tiers=(tier,)), font_config=None)
    except IsolationError as error:
        return str(error)
    launcher = Path(shutil.copy(offered.machine.launcher, place / f"launcher-{uuid4()}"))
    landlock = offered.machine.landlock and name != Tier.BUBBLEWRAP
    return replace(offered, machine=replace(offered.machine, launcher=launcher, landlock=landlock))


async def runs_behind(offer: Isolation, probe: Path) -> dict[str, Found]:
    """Run the probe as each user."""
    found: dict[str, Found] = {}
    for who, user in USERS.items():
        with site(probe.parent / str(uuid4()), probe, offer.machine.launcher, user) as at:
            found[who] = await broken_out(at, offer, "all", user=user)
    return found


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=BREACHES)
def walls(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def found_in(runs: Runs, walls: str, user: str) -> Found:
    """Return what was found behind some walls; skip where there are none such."""
    found = runs[walls]
    if isinstance(found, str):
        pytest.skip(found)
    return found[user]


def test_native_code_can_do_nothing_but_what_is_listed(runs: Runs, walls: str, user: str) -> None:
    worked = found_in(runs, walls, user).worked

    assert worked - HARMLESS == NEEDED | BREACHES[walls]


def test_nobody_outside_hears_of_it(runs: Runs, walls: str, user: str) -> None:
    assert found_in(runs, walls, user).heard == set()


def test_nothing_of_it_lives_on(runs: Runs, walls: str, user: str) -> None:
    assert found_in(runs, walls, user).alive == []


def test_it_changes_nothing_outside_its_directory(runs: Runs, walls: str, user: str) -> None:
    assert found_in(runs, walls, user).changed == set()


def test_it_leaves_nothing_but_plain_files(runs: Runs, walls: str, user: str) -> None:
    assert found_in(runs, walls, user).odd == set()


def test_without_walls_it_can_do_all_of_that(runs: Runs, user: str) -> None:
    found = found_in(runs, UNWALLED, user)

    assert found.attempts.keys() - found.worked - NOT_ON_EVERY_MACHINE == set()
    assert found.heard == LISTENERS
    assert found.alive
    assert {"victim's limits", "outside/planted", "stored/clip", "inputs/moved"} <= found.changed
    assert {"symbolic", "pipe", "socket", "device", "second", "raised"} <= found.odd


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86_64 has such calls")
async def test_a_call_of_another_architecture_is_its_end(
    offers: Offers, probe: Path, walls: str
) -> None:
    found = await ended_after("int80", offers[walls], probe)

    assert (found.exit_status, found.attempts) == (-signal.SIGSYS, {})


async def test_one_that_does_not_end_is_ended(offers: Offers, probe: Path) -> None:
    found: dict[tuple[str, str], tuple[bool, list[int]]] = {}

    async def run(deed: str, walls: str) -> None:
        ended = await ended_after(deed, offers[walls], probe, limit_s=BRIEFLY_S)
        found[deed, walls] = ended.timed_out, ended.alive

    there = [walls for walls in BREACHES if isinstance(offers[walls], Isolation)]
    async with anyio.create_task_group() as together:
        for deed, walls in product(ENDLESS, there):
            together.start_soon(run, deed, walls)

    assert found.keys() == set(product(ENDLESS, there))
    assert all(timed_out and not alive for timed_out, alive in found.values())


async def ended_after(
    deed: str, offer: Isolation | str, probe: Path, *, limit_s: float = LIMIT_S
) -> Found:
    """Run the probe for one deed, as the box would."""
    if isinstance(offer, str):
        pytest.skip(offer)
    user = os.geteuid()
    with site(probe.parent / str(uuid4()), probe, offer.machine.launcher, user) as at:
        return await broken_out(at, offer, deed, user=user, limit_s=limit_s)
