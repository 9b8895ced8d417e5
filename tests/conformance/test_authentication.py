"""Section 1: who may come in."""

import re

import httpx
import pytest

from tests.conformance.client import (
    NOWHERE,
    RENDERIO,
    RENDI,
    Client,
    Problem,
    Record,
    eventually,
    problem_of,
    rendi_problem_of,
    single,
    unique,
)
from tests.conformance.conftest import MakeClient
from tests.conformance.shapes import identifier, moment, null, or_null, text, wrong_fields

KEY = {
    "id": identifier,
    "name": text,
    "owner": text,
    "scopes": lambda value: isinstance(value, list),
    "created_at": moment,
    "expires_at": or_null(moment),
    "last_used_at": or_null(moment),
    "revoked_at": null,
}
BAD_KEYS = [
    {},
    {"X-API-KEY": ""},
    {"X-API-KEY": "ffsk_" + "0" * 64},
    {"X-API-KEY": "no key at all"},
    {"Authorization": "Bearer ffsk_" + "0" * 64},
    {"Authorization": "Basic dXNlcjpwYXNz"},
]
PROTECTED = [
    ("POST", "/run-ffmpeg-command"),
    ("POST", "/run-chained-ffmpeg-commands"),
    ("POST", "/run-multiple-ffmpeg-commands"),
    ("POST", "/validate"),
    ("POST", "/probe"),
    ("GET", f"/commands/{NOWHERE}"),
    ("GET", "/commands"),
    ("DELETE", f"/commands/{NOWHERE}/files"),
    ("POST", f"/commands/{NOWHERE}/cancel"),
    ("GET", f"/commands/{NOWHERE}/log"),
    ("GET", f"/commands/{NOWHERE}/events"),
    ("GET", "/events"),
    ("POST", "/files/upload"),
    ("POST", "/files/store-file"),
    ("GET", "/files"),
    ("GET", f"/files/{NOWHERE}"),
    ("DELETE", f"/files/{NOWHERE}"),
    ("POST", "/files/bulk-delete"),
    ("POST", "/files/init-upload"),
    ("POST", f"/files/{NOWHERE}/complete-upload"),
    ("POST", "/presets"),
    ("GET", "/presets"),
    ("GET", f"/presets/{NOWHERE}"),
    ("PUT", f"/presets/{NOWHERE}"),
    ("DELETE", f"/presets/{NOWHERE}"),
    ("POST", f"/presets/{NOWHERE}/execute"),
    ("PUT", "/webhook-config"),
    ("GET", "/webhook-config"),
    ("DELETE", "/webhook-config"),
    ("POST", "/webhook-config/test"),
    ("GET", "/webhook-deliveries"),
    ("POST", f"/webhook-deliveries/{NOWHERE}/replay"),
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("DELETE", f"/keys/{NOWHERE}"),
]
RENDI_PROTECTED = [
    ("POST", "/run-ffmpeg-command"),
    ("POST", "/run-chained-ffmpeg-commands"),
    ("GET", f"/commands/{NOWHERE}"),
    ("GET", "/commands"),
    ("DELETE", f"/commands/{NOWHERE}/files"),
    ("POST", "/files/upload"),
    ("POST", "/files/store-file"),
    ("GET", "/files"),
    ("GET", f"/files/{NOWHERE}"),
    ("DELETE", f"/files/{NOWHERE}"),
    ("POST", "/files/bulk-delete"),
    ("POST", "/files/init-upload"),
    ("POST", f"/files/{NOWHERE}/complete-upload"),
]


def keyless(client: Client, method: str, path: str, **headers: str) -> httpx.Response:
    return client.http.request(method, client.url + path, headers=headers)


@pytest.mark.parametrize("name", ["X-API-KEY", "x-api-key", "X-Api-Key"])
def test_the_key_is_taken_from_its_header_however_that_is_written(
    client: Client, name: str
) -> None:
    answer = keyless(client, "GET", "/api/v1/commands", **{name: client.key})

    assert answer.status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
@pytest.mark.parametrize("dialect", [RENDERIO, RENDI])
def test_a_bearer_token_is_taken_as_well(client: Client, scheme: str, dialect: str) -> None:
    answer = keyless(client, "GET", f"{dialect}/commands", Authorization=f"{scheme} {client.key}")

    assert answer.status_code == 200


@pytest.mark.parametrize("headers", BAD_KEYS)
def test_a_missing_or_unknown_key_is_unauthorized(client: Client, headers: dict[str, str]) -> None:
    answer = keyless(client, "GET", "/api/v1/commands", **headers)

    assert problem_of(answer) == Problem(401, "UNAUTHORIZED")


@pytest.mark.parametrize("headers", BAD_KEYS)
def test_rendi_says_in_its_own_words_that_a_key_is_bad(
    client: Client, headers: dict[str, str]
) -> None:
    answer = keyless(client, "GET", "/v1/commands", **headers)

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid authorization key"})


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_nothing_answers_without_a_key(client: Client, method: str, path: str) -> None:
    answer = keyless(client, method, RENDERIO + path)

    assert problem_of(answer) == Problem(401, "UNAUTHORIZED")


@pytest.mark.parametrize(("method", "path"), RENDI_PROTECTED)
def test_nothing_of_rendi_answers_without_a_key(client: Client, method: str, path: str) -> None:
    answer = keyless(client, method, RENDI + path)

    assert rendi_problem_of(answer) == (401, "Invalid authorization key")


@pytest.mark.parametrize("dialect", [RENDERIO, RENDI])
def test_the_key_is_looked_at_before_the_body(client: Client, dialect: str) -> None:
    answer = client.http.post(
        f"{client.url}{dialect}/run-ffmpeg-command",
        content=b"{no json",
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 401


def test_the_request_that_n8n_repeats_after_a_401_runs_once(newcomer: Client) -> None:
    url, body = f"{newcomer.url}/api/v1/run-ffmpeg-command", single()

    refused = newcomer.http.post(url, json=body)
    accepted = newcomer.http.post(url, json=body, headers={"X-API-KEY": newcomer.key})

    assert (refused.status_code, accepted.status_code) == (401, 202)
    assert [each["command_id"] for each in newcomer.fetch("/commands")["commands"]] == [
        accepted.json()["command_id"]
    ]


def test_a_key_is_ffsk_and_64_hexadecimal_digits_and_shown_once(admin: Client) -> None:
    name = unique()

    made = admin.post("/keys", {"name": name}).json()
    shown = admin.get("/keys").text
    admin.delete(f"/keys/{name}")

    assert re.fullmatch(r"ffsk_[0-9a-f]{64}", made["key"])
    assert made["name"] == name
    assert made["key"] not in shown


def test_keys_are_listed_with_names_scopes_and_their_last_use(
    admin: Client, stranger: Client
) -> None:
    name = unique()
    made = admin.post("/keys", {"name": name, "scopes": ["read"]}).json()
    Client(stranger.http, stranger.url, made["key"]).get("/commands")

    key = eventually(lambda: used(listed(admin, name)))
    admin.delete(f"/keys/{name}")

    assert wrong_fields(key, KEY) == {}
    assert (key["owner"], key["scopes"]) == (name, ["read"])


def used(key: Record) -> Record | None:
    return key if key["last_used_at"] else None


def test_a_revoked_key_is_refused_at_once(admin: Client, client: Client) -> None:
    name = unique()
    key = admin.post("/keys", {"name": name}).json()["key"]
    before = keyless(client, "GET", "/api/v1/commands", **{"X-API-KEY": key})

    revoked = admin.delete(f"/keys/{name}")

    after = keyless(client, "GET", "/api/v1/commands", **{"X-API-KEY": key})
    assert (before.status_code, revoked.status_code, after.status_code) == (200, 200, 401)


def test_a_key_may_be_revoked_by_its_id(admin: Client) -> None:
    name = unique()
    admin.post("/keys", {"name": name})

    revoked = admin.delete(f"/keys/{listed(admin, name)['id']}")

    assert (revoked.status_code, revoked.json()["name"]) == (200, name)
    assert moment(listed(admin, name)["revoked_at"])


def listed(admin: Client, name: str) -> Record:
    [key] = [key for key in admin.fetch("/keys")["keys"] if key["name"] == name]
    return dict(key)


def test_revoking_a_key_that_is_none_is_not_found(admin: Client) -> None:
    assert problem_of(admin.delete(f"/keys/{NOWHERE}")) == Problem(404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        (["read", "files"], "POST", "/run-ffmpeg-command"),
        (["read", "files"], "POST", f"/commands/{NOWHERE}/cancel"),
        (["submit", "files"], "GET", "/commands"),
        (["submit", "files"], "GET", f"/commands/{NOWHERE}"),
        (["submit", "read"], "GET", "/files"),
        (["submit", "read"], "POST", "/files/upload"),
        (["submit", "read"], "DELETE", f"/commands/{NOWHERE}/files"),
        (["submit", "read", "files"], "GET", "/keys"),
        (["submit", "read", "files"], "POST", "/keys"),
    ],
)
def test_a_key_without_the_scope_is_forbidden(
    make_client: MakeClient, scopes: list[str], method: str, path: str
) -> None:
    limited = make_client(scopes=scopes)

    answer = limited.call(method, path, json=single() if method == "POST" else None)

    assert problem_of(answer) == Problem(403, "FORBIDDEN")


def test_rendi_forbids_in_its_own_envelope(make_client: MakeClient) -> None:
    reader = make_client(scopes=["read"]).speaking(RENDI)

    status, _ = rendi_problem_of(reader.post("/run-ffmpeg-command", single()))

    assert status == 403


@pytest.mark.parametrize("path", ["/commands/{}", "/commands/{}/log", "/commands/{}/events"])
def test_somebody_elses_command_is_not_there(client: Client, stranger: Client, path: str) -> None:
    command_id = client.submit()

    answer = stranger.get(path.format(command_id))
    unknown = stranger.get(path.format(NOWHERE))

    assert problem_of(answer) == problem_of(unknown) == Problem(404, "NOT_FOUND")
    assert answer.text.replace(command_id, NOWHERE) == unknown.text


def test_somebody_elses_command_cannot_be_touched(client: Client, stranger: Client) -> None:
    command_id = client.run()["command_id"]

    cancelled = stranger.cancel(command_id)
    emptied = stranger.delete(f"/commands/{command_id}/files")

    assert problem_of(cancelled) == problem_of(emptied) == Problem(404, "NOT_FOUND")
    assert client.poll(command_id)["output_files"]["out_1"]["is_deleted"] is False


def test_somebody_elses_file_is_not_there(client: Client, stranger: Client) -> None:
    file_id = client.upload()["file_id"]

    shown = stranger.get(f"/files/{file_id}")
    deleted = stranger.delete(f"/files/{file_id}")

    assert problem_of(shown) == problem_of(deleted) == Problem(404, "NOT_FOUND")
    assert client.file(file_id)["is_deleted"] is False


def test_somebody_elses_file_is_no_input(client: Client, stranger: Client) -> None:
    file_id = client.upload()["file_id"]

    answer = stranger.post("/run-ffmpeg-command", reading(file_id))
    unknown = stranger.post("/run-ffmpeg-command", reading(NOWHERE))

    assert problem_of(answer) == problem_of(unknown)
    assert answer.text.replace(file_id, NOWHERE) == unknown.text


def reading(source: str) -> Record:
    return single("-i {{in_1}} {{out_1}}", inputs={"in_1": source})


def test_lists_hold_nothing_of_others(success: Record, newcomer: Client) -> None:
    del success  # there is somebody else's command, with a file

    assert newcomer.fetch("/commands")["commands"] == []
    assert newcomer.fetch("/files")["files"] == []
    assert newcomer.speaking(RENDI).fetch("/commands") == []
    assert newcomer.speaking(RENDI).fetch("/files") == []


def test_an_administrator_sees_everybodys(admin: Client, success: Record) -> None:
    shown = admin.poll(success["command_id"])

    assert shown["command_id"] == success["command_id"]


def test_keys_of_one_owner_see_the_same(make_client: MakeClient) -> None:
    owner = unique()
    one, other = make_client(owner=owner), make_client(owner=owner)

    command_id = one.submit()

    assert other.poll(command_id)["command_id"] == command_id
