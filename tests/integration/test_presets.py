import anyio
import pytest
from httpx import AsyncClient

from renderio_box.api.app import create_app
from renderio_box.catalog.keys import Scope
from renderio_box.jobs.recipes import RECIPES
from tests.fakes import ManualClock
from tests.integration.box import NOWHERE, PRESETS, Box, problem, speaking_to, upload
from tests.integration.preset_steps import CHAIN, MUTE, SCALE, added

FIELDS = {
    *("preset_id", "name", "description", "category", "is_system", "command_type"),
    *("ffmpeg_command", "ffmpeg_commands", "input_file_keys", "output_file_definitions"),
    *("metadata", "created_at", "updated_at", "input_files"),
}
SYSTEM = [recipe.name for recipe in RECIPES]


async def names(client: AsyncClient, **query: int) -> list[str]:
    listed = await client.get(PRESETS, params=query)
    assert listed.status_code == 200, listed.text
    return [preset["name"] for preset in listed.json()["presets"]]


async def changed(client: AsyncClient, preset_id: str, /, **change: object) -> dict[str, object]:
    answered = await client.put(f"{PRESETS}/{preset_id}", json=change)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


async def test_a_preset_is_answered_whole(client: AsyncClient) -> None:
    preset = await added(client)

    assert preset == {
        "preset_id": preset["preset_id"],
        "name": "Scale",
        "description": None,
        "category": None,
        "is_system": False,
        "command_type": "FFMPEG_COMMAND",
        "ffmpeg_command": SCALE["ffmpeg_command"],
        "ffmpeg_commands": None,
        "input_file_keys": ["in_video"],
        "input_files": {"in_video": ""},
        "output_file_definitions": {"out_video": "small.mp4"},
        "metadata": {},
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:00:00Z",
    }


async def test_everything_that_is_sent_is_kept(client: AsyncClient) -> None:
    more = {
        "description": "Ünï 🎬",
        "category": "video",
        "metadata": {"text": "a", "flag": True, "number": 1.5},
        "input_files": {"in_video": "https://example.org/a.mp4"},
    }
    preset = await added(client, SCALE | more)

    assert more.items() <= preset.items()
    assert (await client.get(f"{PRESETS}/{preset['preset_id']}")).json() == preset


async def test_a_chain_has_its_commands_in_the_other_field(client: AsyncClient) -> None:
    preset = await added(client, CHAIN)

    assert (preset["command_type"], preset["ffmpeg_command"], preset["ffmpeg_commands"]) == (
        "CHAINED_COMMAND",
        None,
        CHAIN["ffmpeg_commands"],
    )


async def test_the_form_of_the_page_for_agents_is_taken(client: AsyncClient) -> None:
    preset = await added(
        client,
        {
            "name": "Scale",
            "command_type": "FFMPEG_COMMAND",
            "ffmpeg_command": SCALE["ffmpeg_command"],
            "input_files": {"in_video": ""},
            "output_files": {"out_video": "small.mp4"},
        },
    )

    assert {name: preset[name] for name in SCALE} == SCALE


async def test_a_preset_that_was_shown_can_be_sent_back(client: AsyncClient) -> None:
    shown = await added(client, SCALE | {"metadata": {"a": 1}})

    assert await changed(client, shown["preset_id"], **shown) == shown


async def test_a_preset_that_was_shown_can_be_copied(client: AsyncClient) -> None:
    shown = (await client.get(f"{PRESETS}/{MUTE}")).json()

    copy = await added(client, shown | {"name": "My mute"})

    assert (copy["name"], copy["is_system"], copy["ffmpeg_command"]) == (
        "My mute",
        False,
        shown["ffmpeg_command"],
    )


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["name"]),
        ([], ["body"]),
        ("text", ["body"]),
        (SCALE | {"name": 5}, ["name"]),
        (SCALE | {"name": ""}, ["name"]),
        (SCALE | {"name": "x" * 201}, ["name"]),
        (SCALE | {"description": "x" * 2001}, ["description"]),
        (SCALE | {"category": "x" * 101}, ["category"]),
        (SCALE | {"command_type": "MULTIPLE_COMMAND"}, ["command_type"]),
        (SCALE | {"ffmpeg_command": None}, ["ffmpeg_command"]),
        (SCALE | {"ffmpeg_command": "-i 'a"}, ["ffmpeg_command"]),
        (SCALE | {"ffmpeg_command": "-i {{in_a}} {{out_video}}"}, ["ffmpeg_command"]),
        (SCALE | {"ffmpeg_commands": ["a"]}, ["ffmpeg_commands"]),
        (SCALE | {"input_file_keys": "in_video"}, ["input_file_keys"]),
        (SCALE | {"input_file_keys": ["video"]}, ["input_file_keys", "video"]),
        (SCALE | {"output_file_definitions": None}, ["output_file_definitions"]),
        (SCALE | {"output_files": {"out_video": "a.mp4"}}, ["output_files"]),
        (SCALE | {"input_files": {"in_video": "clip.mp4"}}, ["input_files", "in_video"]),
        (SCALE | {"input_files": {"in_video": NOWHERE}}, ["input_files", "in_video"]),
        (SCALE | {"metadata": {"a": None}}, ["metadata", "a"]),
        (SCALE | {"metadata": {str(number): 1 for number in range(11)}}, ["metadata"]),
    ],
    ids=lambda value: str(value)[-60:],
)
async def test_a_preset_that_is_not_described_rightly_is_refused(
    shared_client: AsyncClient, body: object, loc: list[str]
) -> None:
    refused = await shared_client.post(PRESETS, json=body)

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (
        422,
        "VALIDATION_ERROR",
        loc,
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 20_000])
async def test_a_body_that_is_no_json_is_refused_as_everywhere(
    shared_client: AsyncClient, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    refused = await shared_client.post(PRESETS, content=content, headers=headers)

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_preset_under_another_content_type_is_refused(shared_client: AsyncClient) -> None:
    refused = await shared_client.post(PRESETS, content=b"{}", headers={"Content-Type": "a/b"})

    assert problem(refused) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_default_may_be_a_file_of_the_box(client: AsyncClient) -> None:
    file_id = (await upload(client))["file_id"]

    preset = await added(client, SCALE | {"input_files": {"in_video": file_id}})

    assert preset["input_files"] == {"in_video": file_id}


@pytest.mark.parametrize("name", ["file_id", "storage_url"])
async def test_a_default_may_not_be_a_file_that_is_gone(client: AsyncClient, name: str) -> None:
    stored = await upload(client)
    await client.delete(f"/api/v1/files/{stored['file_id']}")

    refused = await client.post(PRESETS, json=SCALE | {"input_files": {"in_video": stored[name]}})

    assert problem(refused) == (422, "VALIDATION_ERROR")


async def test_a_default_may_not_be_somebody_elses_file(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    file_id = (await upload(stranger))["file_id"]
    preset = await added(client)
    default = {"input_files": {"in_video": file_id}}

    refused = [
        await client.post(PRESETS, json=SCALE | default),
        await client.put(f"{PRESETS}/{preset['preset_id']}", json=default),
    ]

    assert [problem(each) for each in refused] == [(422, "VALIDATION_ERROR")] * 2


async def test_a_change_keeps_the_rest_and_notes_the_time(
    client: AsyncClient, clock: ManualClock
) -> None:
    before = await added(client)
    clock.advance(60)

    after = await changed(client, before["preset_id"], name="Half")

    assert after == before | {"name": "Half", "updated_at": "2026-01-01T12:01:00Z"}
    assert (await client.get(f"{PRESETS}/{before['preset_id']}")).json() == after


@pytest.mark.parametrize(
    "change",
    [{}, {"name": None}, {"ffmpeg_command": "-i {{in_a}} b.mp4"}, {"metadata": []}],
    ids=str,
)
async def test_a_change_that_is_refused_changes_nothing(
    client: AsyncClient, change: dict[str, object]
) -> None:
    preset = await added(client)

    refused = await client.put(f"{PRESETS}/{preset['preset_id']}", json=change)

    assert problem(refused) == (422, "VALIDATION_ERROR")
    assert (await client.get(f"{PRESETS}/{preset['preset_id']}")).json() == preset


async def test_changes_at_once_make_one_preset_that_is_right(client: AsyncClient) -> None:
    preset = await added(client)
    address = f"{PRESETS}/{preset['preset_id']}"
    changes = [{"name": "A"}, {"description": "B"}, {"metadata": {"c": 1}}, {"category": "D"}]

    async with anyio.create_task_group() as group:
        for change in changes:
            group.start_soon(lambda change=change: client.put(address, json=change))

    after = (await client.get(address)).json()
    assert [{name: after[name] for name in change} for change in changes] == changes


async def test_a_deleted_preset_is_gone(client: AsyncClient) -> None:
    preset_id = (await added(client))["preset_id"]

    deleted = await client.delete(f"{PRESETS}/{preset_id}")

    assert (deleted.status_code, deleted.json()) == (
        200,
        {"deleted": True, "preset_id": preset_id},
    )
    assert problem(await client.get(f"{PRESETS}/{preset_id}")) == (404, "NOT_FOUND")
    assert problem(await client.delete(f"{PRESETS}/{preset_id}")) == (404, "NOT_FOUND")


async def test_presets_are_listed_newest_first_and_before_those_of_the_box(
    client: AsyncClient, clock: ManualClock
) -> None:
    for name in ("first", "second"):
        await added(client, SCALE | {"name": name})
        clock.advance(1)

    assert await names(client) == ["second", "first", *SYSTEM]


@pytest.mark.parametrize(
    ("limit", "offset"), [(1, 0), (2, 1), (3, 1), (1, 2), (5, 3), (100, 11), (10, 12), (10, 500)]
)
async def test_limit_and_offset_run_through_all_presets(
    client: AsyncClient, clock: ManualClock, limit: int, offset: int
) -> None:
    for name in ("first", "second"):
        await added(client, SCALE | {"name": name})
        clock.advance(1)

    whole = ["second", "first", *SYSTEM]
    assert await names(client, limit=limit, offset=offset) == whole[offset : offset + limit]


async def test_a_list_of_presets_says_what_was_asked(client: AsyncClient) -> None:
    listed = (await client.get(PRESETS, params={"limit": 1})).json()

    assert (listed.keys(), listed["limit"], listed["offset"]) == (
        {"presets", "limit", "offset"},
        1,
        0,
    )
    assert listed["presets"][0].keys() == FIELDS


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"offset": -1}])
async def test_a_query_out_of_range_is_refused(
    shared_client: AsyncClient, query: dict[str, int | str]
) -> None:
    refused = await shared_client.get(PRESETS, params=query)

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_system_preset_can_be_looked_at(client: AsyncClient) -> None:
    shown = (await client.get(f"{PRESETS}/{MUTE}")).json()

    assert (shown["name"], shown["is_system"]) == ("Mute", True)


async def test_nobody_can_change_or_delete_a_system_preset(
    client: AsyncClient, admin: AsyncClient
) -> None:
    refused = [
        await client.put(f"{PRESETS}/{MUTE}", json={"name": "Mine"}),
        await client.delete(f"{PRESETS}/{MUTE}"),
        await admin.put(f"{PRESETS}/{MUTE}", json={"name": "Mine"}),
        await admin.delete(f"{PRESETS}/{MUTE}"),
    ]

    assert [problem(each) for each in refused] == [(403, "FORBIDDEN")] * 4


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("preset_id", [NOWHERE, "prs_abc123", "%00"])
async def test_an_unknown_preset_is_not_found(
    shared_client: AsyncClient, method: str, preset_id: str
) -> None:
    body = {"name": "Mine"} if method == "PUT" else None

    answered = await shared_client.request(method, f"{PRESETS}/{preset_id}", json=body)

    assert problem(answered) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_somebody_elses_preset_looks_like_none(
    client: AsyncClient, stranger: AsyncClient, method: str
) -> None:
    preset_id = (await added(client))["preset_id"]
    body = {"name": "Mine"} if method == "PUT" else None

    hidden = await stranger.request(method, f"{PRESETS}/{preset_id}", json=body)
    unknown = await stranger.request(method, f"{PRESETS}/{NOWHERE}", json=body)

    assert (hidden.status_code, hidden.text.replace(preset_id, NOWHERE)) == (404, unknown.text)
    assert await names(client, limit=1) == ["Scale"]


async def test_owners_list_only_their_own_presets(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    await added(client)

    assert await names(stranger) == SYSTEM


async def test_an_administrator_sees_and_changes_everybodys_presets(
    client: AsyncClient, admin: AsyncClient
) -> None:
    preset_id = (await added(client))["preset_id"]

    await changed(admin, preset_id, name="By root")

    assert await names(admin, limit=1) == ["By root"]
    assert (await admin.delete(f"{PRESETS}/{preset_id}")).status_code == 200


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [(Scope.READ, {"list", "show"}), (Scope.SUBMIT, {"add", "change", "run", "delete"})],
)
async def test_reading_and_using_presets_need_scopes_of_their_own(
    box: Box, client: AsyncClient, scope: Scope, allowed: set[str]
) -> None:
    address = f"{PRESETS}/{(await added(client))['preset_id']}"
    source = {"input_files": {"in_video": "https://example.org/a.mp4"}}

    async with speaking_to(create_app(box.parts), await box.key("ann", scope)) as caller:
        answers = {
            "list": await caller.get(PRESETS),
            "show": await caller.get(address),
            "add": await caller.post(PRESETS, json=SCALE),
            "change": await caller.put(address, json={"name": "Mine"}),
            "run": await caller.post(f"{address}/execute", json=source),
            "delete": await caller.delete(address),
        }

    assert {name for name, answer in answers.items() if answer.is_success} == allowed
    assert {answer.status_code for answer in answers.values() if answer.is_error} == {403}


async def test_presets_need_a_key(shared_anonymous: AsyncClient) -> None:
    assert problem(await shared_anonymous.get(PRESETS)) == (401, "UNAUTHORIZED")
