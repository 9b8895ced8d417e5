import re

import anyio
import pytest
from httpx import AsyncClient
from litestar import Litestar
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.api.health import Health, Trial
from tests.fakes import ManualClock
from tests.integration.box import FACTS, Box, speaking_to


class Trials:
    """Trials that can be told to fail, and count how often they are made."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.made = 0

    async def well(self) -> str:
        self.made += 1
        return "fine"

    async def unsure(self) -> str:
        if self.error is not None:
            raise self.error
        return "fine too"


@pytest.fixture
def trials() -> Trials:
    return Trials()


@pytest.fixture
def app(box: Box, trials: Trials, clock: ManualClock) -> Litestar:
    named: dict[str, Trial] = {"database": trials.well, "ffmpeg": trials.unsure}
    return create_app(replace(box.parts, health=Health(FACTS, named, clock)))


@pytest.fixture
async def page(shared_anonymous: AsyncClient) -> str:
    return (await shared_anonymous.get("/schema")).text


async def test_a_living_process_says_how_it_walls_commands_in_without_a_key(
    anonymous: AsyncClient,
) -> None:
    answered = await anonymous.get("/healthz")

    assert answered.status_code == 200
    alive = answered.json()
    assert len(alive.pop("instance")) == 16
    assert alive == {"status": "ok", "isolation": "bubblewrap with landlock"}


async def test_a_box_is_told_from_others_by_its_instance(anonymous: AsyncClient) -> None:
    asked = [(await anonymous.get("/healthz")).json()["instance"] for _ in range(2)]

    assert asked == [asked[0]] * 2
    assert asked[0] != Health(FACTS, {}, ManualClock()).instance


async def test_a_box_that_can_work_is_ready(anonymous: AsyncClient) -> None:
    answered = await anonymous.get("/readyz")

    assert (answered.status_code, answered.json()["ready"]) == (200, True)


async def test_readiness_names_every_check(anonymous: AsyncClient) -> None:
    answered = await anonymous.get("/readyz")

    assert answered.json()["checks"] == {
        "database": {"ok": True, "message": "fine"},
        "ffmpeg": {"ok": True, "message": "fine too"},
    }


async def test_a_failing_check_makes_the_box_unready(
    anonymous: AsyncClient, trials: Trials
) -> None:
    trials.error = OSError("it broke")

    answered = await anonymous.get("/readyz")

    assert (answered.status_code, answered.json()["checks"]["ffmpeg"]) == (
        503,
        {"ok": False, "message": "OSError: it broke"},
    )


async def test_a_failing_check_does_not_hide_the_others(
    anonymous: AsyncClient, trials: Trials
) -> None:
    trials.error = OSError("it broke")

    answered = await anonymous.get("/readyz")

    assert answered.json()["checks"]["database"]["ok"]


async def test_asking_often_tries_once(anonymous: AsyncClient, trials: Trials) -> None:
    await anonymous.get("/readyz")
    await anonymous.get("/readyz")

    assert trials.made == 1


async def test_asking_at_once_tries_once(anonymous: AsyncClient, trials: Trials) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(anonymous.get, "/readyz")
        group.start_soon(anonymous.get, "/readyz")

    assert trials.made == 1


async def test_a_finding_is_forgotten_after_two_seconds(
    anonymous: AsyncClient, trials: Trials, clock: ManualClock
) -> None:
    await anonymous.get("/readyz")
    clock.advance(2)
    await anonymous.get("/readyz")

    assert trials.made == 2


async def test_a_full_disk_makes_the_box_unready(full_box: Box, clock: ManualClock) -> None:
    health = Health(FACTS, {"storage": full_box.storage.check}, clock)

    async with speaking_to(create_app(replace(full_box.parts, health=health)), None) as client:
        answered = await client.get("/readyz")

    assert (answered.status_code, answered.json()["checks"]["storage"]["ok"]) == (503, False)


async def test_both_dialects_are_described_without_clashing(
    shared_anonymous: AsyncClient,
) -> None:
    described = (await shared_anonymous.get("/schema/openapi.json")).json()

    ids = [each["operationId"] for path in described["paths"].values() for each in path.values()]
    assert {"/v1/commands", "/api/v1/commands"} <= described["paths"].keys()
    assert len(ids) == len(set(ids))


async def test_the_api_describes_itself_as_openapi_3_1(shared_anonymous: AsyncClient) -> None:
    described = await shared_anonymous.get("/schema/openapi.json")

    assert (described.status_code, described.json()["openapi"][:4]) == (200, "3.1.")


async def test_the_description_names_every_address(shared_anonymous: AsyncClient) -> None:
    described = await shared_anonymous.get("/schema/openapi.json")

    assert described.json()["paths"].keys() >= {
        "/api/v1/run-ffmpeg-command",
        "/api/v1/commands",
        "/api/v1/commands/{command_id}",
        "/api/v1/commands/{command_id}/cancel",
        "/api/v1/commands/{command_id}/log",
        "/api/v1/files",
        "/api/v1/files/upload",
        "/api/v1/files/{file_id}",
        "/api/v1/keys",
        "/healthz",
        "/readyz",
    }


async def test_the_page_loads_nothing_from_other_hosts(page: str) -> None:
    assert re.findall(r"(?:https?:)?//", page) == []


async def test_what_the_page_loads_is_there(page: str, shared_anonymous: AsyncClient) -> None:
    (script,) = re.findall(r'src="([^"]+)"', page)

    loaded = await shared_anonymous.get(f"/{script}")

    assert (loaded.status_code, loaded.headers["Content-Type"].split(";")[0]) == (
        200,
        "text/javascript",
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_monitor_may_ask_with_head(anonymous: AsyncClient, path: str) -> None:
    assert (await anonymous.head(path)).status_code == 200
