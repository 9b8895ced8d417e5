"""Every attack by a command as a caller makes it: refused, or run to an end that reaches nothing."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from renderio_box.ffmpeg.sandbox import Tier
from tests.running_box import FINAL, RunningBox, eventually, running_box
from tests.security.attacks import Attack, corpora
from tests.security.laboratory import KEY, Laboratory, Oracle
from tests.security.tiers import WALLED, offered

pytestmark = pytest.mark.timeout(120)

RUN_S: Final = 3
WITHIN_S: Final = 60.0
AT_ONCE: Final = 4
SUBMIT: Final = "/api/v1/run-ffmpeg-command"


class Target(msgspec.Struct, frozen=True):
    """A box, the laboratory whose secrets it must not give away, and its uploaded inputs."""

    box: RunningBox
    laboratory: Laboratory
    file_ids: dict[str, str]


@pytest.fixture(scope="module", params=WALLED)
def target(
    request: pytest.FixtureRequest, media: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A box of each tier that this machine offers, with a key of its own in its environment."""
    tier: Tier = request.param
    offered(tier)
    data = tmp_path_factory.mktemp("box") / "data"
    settings = {
        "RENDERIO_SANDBOX_TIER": str(tier),
        "RENDERIO_JOBS_VCPUS": str(AT_ONCE),
        "RENDERIO_JOBS_LOG_KBYTES": "1024",
        "APPLIANCE_KEY": KEY,
    }
    with (
        Laboratory(tmp_path_factory.mktemp("lab"), media).opened() as laboratory,
        running_box(data, **settings) as box,
    ):
        # What an input names as ../../../secret lies here from where jobs are.
        (data / "secret").symlink_to(laboratory.secrets)
        file_ids = {path.name: box.upload(path)["file_id"] for path in laboratory.inputs.iterdir()}
        yield Target(box, laboratory, file_ids)


def submitted(target: Target, attacks: Sequence[Attack]) -> dict[str, str]:
    """Submit all attacks and return the commands that were taken; the others are refused for what they are."""
    taken: dict[str, str] = {}
    for attack in attacks:
        body = attack.request(target.laboratory.marks(), target.file_ids)
        answer = target.box.http.post(SUBMIT, json=body | {"max_command_run_seconds": RUN_S})
        if answer.status_code == 202:
            taken[attack.id] = answer.json()["command_id"]
            continue
        assert (answer.status_code, answer.json()["error"]) == (400, "INVALID_COMMAND"), body
    return taken


def ended(target: Target, taken: dict[str, str], oracle: Oracle) -> dict[str, dict[str, Any]]:
    """Return how all commands ended, looking meanwhile what they reach."""

    def all_polled() -> dict[str, dict[str, Any]] | None:
        oracle.look()
        polled = {name: target.box.poll(command_id) for name, command_id in taken.items()}
        return polled if all(each["status"] in FINAL for each in polled.values()) else None

    return eventually(all_polled, within_s=WITHIN_S) if taken else {}


@corpora
def test_an_attack_is_refused_or_reaches_nothing(target: Target, attacks: list[Attack]) -> None:
    oracle = Oracle(target.laboratory)

    taken = submitted(target, attacks)
    polled = ended(target, taken, oracle)

    logs = [target.box.log(command_id) for command_id in taken.values()]
    stored = [
        target.box.download(file["storage_url"])
        for each in polled.values()
        for file in each["output_files"].values()
    ]
    assert oracle.verdict("\n".join(logs), *stored) == frozenset()
    known = {attack.id: attack.passes for attack in attacks if attack.passes is not None}
    assert {name: name in taken for name in known} == known
