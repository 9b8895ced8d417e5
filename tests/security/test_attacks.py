"""Every attack by a command, with nothing in its way but the sandbox, and with nothing at all."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import anyio
import pytest

from renderio_box.ffmpeg.builds import version_of
from renderio_box.ffmpeg.executor import Effort, Execution, Stop, TooManyFiles
from renderio_box.ffmpeg.local_executor import LocalExecutor
from renderio_box.ffmpeg.progress import Report
from renderio_box.ffmpeg.sandbox import Tier
from tests.security.attacks import Attack, corpora
from tests.security.laboratory import Laboratory, Oracle
from tests.security.tiers import FFMPEG, WALLED, isolated

pytestmark = pytest.mark.timeout(120)

AT_ONCE: Final = 2
RUN_S: Final = 5.0
LOOK_EVERY_S: Final = 0.04
GOES_ON_S: Final = 0.5
"""How long an attack may go on that has reached somebody: there may be more to see."""
LOG_BYTES: Final = 4 * 1024**2
WRITTEN_FOR: Final = "5.1"
"""The version of FFmpeg of which our attacks say what they reach."""


@pytest.fixture(scope="module")
def laboratories(
    media: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Laboratory]]:
    """As many laboratories as attacks are made at once."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(Laboratory(tmp_path_factory.mktemp("lab"), media).opened())
            for _ in range(AT_ONCE)
        ]


def ignore(report: Report) -> None:
    del report


async def attempt(
    attack: Attack, laboratory: Laboratory, executor: LocalExecutor
) -> frozenset[str]:
    """Make one attack and return what the oracle saw."""
    laboratory.fresh()
    words = attack.words(laboratory.marks(), laboratory.inputs, laboratory.outputs)
    execution = Execution(
        arguments=("-hide_banner", "-nostdin", "-y", *words),
        directory=laboratory.outputs,
        scratch=laboratory.scratch,
        readable=(laboratory.inputs,),
        timeout_s=RUN_S,
    )
    oracle = Oracle(laboratory)

    async def watch(effort: Callable[[], Effort]) -> Stop:
        del effort
        while not oracle.look():  # noqa: ASYNC110 - there is nobody to tell
            await anyio.sleep(LOOK_EVERY_S)
        await anyio.sleep(GOES_ON_S)
        return TooManyFiles(0)

    try:
        ended = await executor.run(execution, ignore, watch)
        return oracle.verdict(ended.log)
    finally:
        oracle.close()


async def reached(
    tier: Tier, attacks: Sequence[Attack], laboratories: list[Laboratory]
) -> dict[str, frozenset[str]]:
    """Make all attacks in that tier and return what each has reached."""
    executor = LocalExecutor(FFMPEG, await isolated(tier), log_bytes=LOG_BYTES)
    left: Iterator[Attack] = iter(attacks)
    seen: dict[str, frozenset[str]] = {}

    async def work(laboratory: Laboratory) -> None:
        for attack in left:
            seen[attack.id] = await attempt(attack, laboratory, executor)

    async with anyio.create_task_group() as group:
        for laboratory in laboratories:
            group.start_soon(work, laboratory)
    assert seen.keys() == {attack.id for attack in attacks}
    return seen


@corpora
@pytest.mark.parametrize("tier", WALLED)
async def test_the_sandbox_alone_lets_no_attack_out(
    tier: Tier, attacks: list[Attack], laboratories: list[Laboratory]
) -> None:
    seen = await reached(tier, attacks, laboratories)

    assert {name: what for name, what in seen.items() if what} == {}


@corpora
async def test_without_walls_the_oracle_sees_what_attacks_reach(
    attacks: list[Attack], laboratories: list[Laboratory]
) -> None:
    bare = [attack for attack in attacks if not attack.never_bare]
    version = await version_of(FFMPEG, await isolated(Tier.UNSANDBOXED))

    seen = await reached(Tier.UNSANDBOXED, bare, laboratories)

    reaching = [attack.id for attack in bare if seen[attack.id]]
    sys.stdout.write(f"FFmpeg {version}: {len(reaching)} of {len(bare)} attacks get out\n")
    assert len(reaching) > len(bare) / 2
    overlooked = {a.id: a.sees - seen[a.id] for a in bare if a.sees - seen[a.id]}
    assert overlooked == {} or not version.startswith(WRITTEN_FOR)
