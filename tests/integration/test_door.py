"""What the application lets in: bodies, names, other sites."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import structlog
from httpx import AsyncClient
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.api.bodies import MAX_DEPTH
from renderio_box.api.hosts import KnownHosts
from renderio_box.logs import LINES_PER_MINUTE
from renderio_box.settings import ServerConfig
from tests.builders import make_body
from tests.integration.box import COMMANDS, NOWHERE, RUN, Box, problem, speaking_to, submit, upload

RENDI_RUN: Final = "/v1/run-ffmpeg-command"
RUNS: Final = [RUN, RENDI_RUN]
JSON: Final = {"Content-Type": "application/json"}
UNSAFE: Final = {"POST", "PUT", "PATCH", "DELETE"}
FROM_A_PAGE: Final = (
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"),
    *("text/plain; application/json", "application/json-seq", "text/json", ""),
)
"""What a web page can send to any site without asking it, and what is like it."""
READ_ON: Final = {"upload_file": "multipart/form-data", "receive_part": "PUT"}
"""Handlers that read bodies that are not JSON, and what makes a browser ask first: multipart
it sends, but not with a key in a header."""
PAGES: Final = [
    *("/healthz", "/readyz", "/metrics", "/llms.txt", "/schema", "/schema/openapi.json"),
]


def handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Return every method of every address, with what answers it."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                yield str(method), re.sub(r"{[^}]+}", NOWHERE, route.path), handler


def reads_json(handler: HTTPRouteHandler) -> bool:
    return "data" in handler.parsed_fn_signature.parameters


def unread(handler: HTTPRouteHandler) -> bool:
    """Tell whether the handler has no hold of the body at all."""
    return not {"data", "body", "request"} & handler.parsed_fn_signature.parameters.keys()


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def with_field(name: str, value: str) -> str:
    """Return a body that would be accepted, with one more field as it is written."""
    return f'{json.dumps(make_body())[:-1]}, "{name}": {value}}}'


@pytest.fixture(params=FROM_A_PAGE)
def content_type(request: pytest.FixtureRequest) -> str:
    return request.param


async def test_no_address_that_reads_json_takes_what_a_web_page_may_send(
    shared_app: tuple[Box, Litestar], shared_client: AsyncClient, content_type: str
) -> None:
    reading = [(method, path) for method, path, each in handlers(shared_app[1]) if reads_json(each)]
    headers = {"Content-Type": content_type} if content_type else {}

    answered = {
        (method, path): await shared_client.request(method, path, content=b"{}", headers=headers)
        for method, path in reading
    }

    assert len(answered) >= 20
    taken = {each: answer.text for each, answer in answered.items() if answer.status_code != 415}
    assert {each: text for each, text in taken.items() if "lacks the scope" not in text} == {}


def test_nothing_else_reads_bodies(shared_app: tuple[Box, Litestar]) -> None:
    others = {
        handler.handler_name
        for method, _, handler in handlers(shared_app[1])
        if method in UNSAFE and not reads_json(handler) and not unread(handler)
    }

    assert others >= READ_ON.keys()
    assert others - READ_ON.keys() <= {"cancel_command", "test_webhook", "replay_delivery"}


async def test_no_other_site_is_ever_given_leave(
    shared_app: tuple[Box, Litestar], shared_client: AsyncClient
) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Headers": "x-api-key"}
    paths = sorted({path for _, path, _ in handlers(shared_app[1])})

    answers = [
        await shared_client.request(
            "OPTIONS", path, headers=asked | {"Access-Control-Request-Method": "PUT"}
        )
        for path in paths
    ]
    answers += [await shared_client.get(path, headers=asked) for path in [COMMANDS, *PAGES]]

    leave = [name for answer in answers for name in answer.headers if "access-control" in name]
    assert (len(paths) > 30, leave) == (True, [])


@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.api+json"])
async def test_json_may_have_a_name_of_its_own(client: AsyncClient, content_type: str) -> None:
    accepted = await client.post(
        RUN, content=json.dumps(make_body()), headers={"Content-Type": content_type}
    )

    assert accepted.status_code == 202


BAD_JSON: Final = {
    "an array in an array, 200 000 times": nested(200_000),
    "objects in objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep metadata": with_field("metadata", f'{{"a": {nested(100_000)}}}'),
    "a deep unknown field": with_field("x", nested(MAX_DEPTH)),
    "arrays that never end": "[" * 300_000,
    "a number of 5000 digits": with_field("x", "9" * 5000),
    "a number that is no double": with_field("x", "1e999"),
    "no number": with_field("x", "NaN"),
    "half a surrogate pair": with_field("metadata", r'{"a": "\ud800"}'),
    "half of a pair in the command": json.dumps(make_body(ffmpeg_command="\ud800 {{out_clip}}")),
    "a number": "1",
    "null": "null",
    "text": '"text"',
    "an array": "[]",
    "two values": json.dumps(make_body()) + "{}",
    "bytes that are no UTF-8": json.dumps(make_body()).encode()[:-1] + b', "x": "\xff\xfe"}',
    "UTF-16": json.dumps(make_body()).encode("utf-16"),
    "NUL": b"\0",
}


@pytest.fixture(scope="session")
async def roomy_client(shared_app: tuple[Box, Litestar]) -> Any:  # noqa: ANN401
    """Return a client of a box that would take bodies of any size."""
    box, _ = shared_app
    app = create_app(replace(box.parts, max_body_bytes=2**30))
    async with speaking_to(app, await box.key("roomy")) as opened:
        yield opened


@pytest.mark.parametrize(("run", "status"), [(RUN, 400), (RENDI_RUN, 422)])
@pytest.mark.parametrize("body", list(BAD_JSON.values()), ids=list(BAD_JSON))
async def test_json_that_cannot_be_kept_is_the_callers_fault(
    roomy_client: AsyncClient, run: str, status: int, body: str | bytes
) -> None:
    refused = await roomy_client.post(run, content=body, headers=JSON)

    assert refused.status_code == status, refused.text
    assert "details under" not in refused.text


async def test_what_is_nested_just_deeply_enough_can_be_shown_again(client: AsyncClient) -> None:
    body = with_field("x", nested(MAX_DEPTH - 1))

    accepted = await client.post(RUN, content=body, headers=JSON)
    shown = await client.get(f"{COMMANDS}/{accepted.json()['command_id']}")

    assert (accepted.status_code, shown.status_code) == (202, 200)


@pytest.mark.parametrize("run", RUNS)
async def test_of_equal_names_the_last_one_counts_everywhere(client: AsyncClient, run: str) -> None:
    body = with_field("ffmpeg_command", '"-f lavfi -i testsrc -t 7 {{out_clip}}"')

    accepted = await client.post(run, content=body, headers=JSON)
    shown = await client.get(f"{COMMANDS}/{accepted.json()['command_id']}")

    assert "-t 7" in shown.json()["original_request"]["ffmpeg_command"]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    "field", ["ffmpeg_command", "input_files", "output_files", "metadata", "webhook_url"]
)
async def test_a_nul_in_any_field_is_no_failure_of_ours(
    client: AsyncClient, run: str, field: str
) -> None:
    values: dict[str, object] = {
        "ffmpeg_command": "-i \0 {{out_clip}}",
        "input_files": {"in_\0": "http://h/\0"},
        "output_files": {"out_clip": "a\0.mp4"},
        "metadata": {"a\0": "\0"},
        "webhook_url": "http://h/\0",
    }

    answered = await client.post(run, json=make_body(**{field: values[field]}))

    assert answered.status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        f"{COMMANDS}/%00",
        f"{COMMANDS}/%ff%fe",
        f"{COMMANDS}/..%2f..%2fetc",
        f"{COMMANDS}?limit=%00",
        f"{COMMANDS}?cursor=%ff",
        f"{COMMANDS}?metadata.%00=%00",
        f"{COMMANDS}?limit={'9' * 5000}",
        f"{COMMANDS}?{'a=1&' * 3000}",
        "/files/%00/%00",
        f"/files/{'a' * 5000}/x",
        "/api/v1/files/%0d%0aX-A:%20b",
        "/uploads/%00/1",
    ],
)
async def test_no_address_is_a_failure_of_ours(shared_client: AsyncClient, path: str) -> None:
    answered = await shared_client.get(path)

    assert answered.status_code < 500


@pytest.mark.parametrize(
    "host",
    [
        *("a b", 'a"b', "a'b", "a/b", "a\\b", "user@box.test", "user:word@box.test", "a,b"),
        *("box.test:port", "box.test:123456", "box.test:80:80", "[::1", "::1", "[zz]", "-a"),
        *("<script>", "a?b", "a#b", "b\xe9", "a" * 254, "%61", ".", ":80", "a\tb"),
    ],
)
@pytest.mark.parametrize("path", [COMMANDS, "/v1/commands", "/healthz", "/llms.txt"])
async def test_a_host_that_is_none_is_refused(
    shared_client: AsyncClient, path: str, host: str
) -> None:
    refused = await shared_client.get(path, headers={"Host": host.encode("latin-1")})

    assert refused.status_code == 400


async def test_two_hosts_are_refused(shared_client: AsyncClient) -> None:
    refused = await shared_client.get(COMMANDS, headers=[("Host", "a"), ("Host", "b")])

    assert problem(refused) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("path", PAGES)
async def test_what_needs_no_key_is_not_told_under_a_strangers_name(
    shared_anonymous: AsyncClient, path: str
) -> None:
    refused = await shared_anonymous.get(path, headers={"Host": "evil.example:8420"})

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert "server.hosts" in refused.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8420", "[::1]:8420", "localhost", "box.local", "ffmpeg"]
)
@pytest.mark.parametrize("path", PAGES)
async def test_what_needs_no_key_is_told_at_home(
    shared_anonymous: AsyncClient, path: str, host: str
) -> None:
    answered = await shared_anonymous.get(path, headers={"Host": host})

    assert answered.status_code == 200


async def test_a_key_is_good_under_any_name(client: AsyncClient) -> None:
    listed = await client.get(COMMANDS, headers={"Host": "media.example.org"})

    assert listed.status_code == 200


async def test_an_address_with_a_token_is_good_under_any_name(client: AsyncClient) -> None:
    stored = await upload(client)

    served = await client.get(str(stored["storage_url"]), headers={"Host": "media.example.org"})

    assert served.status_code == 200


@pytest.mark.parametrize(
    "config",
    [
        ServerConfig(hosts=("media.example.org",)),
        ServerConfig(hosts=("*",)),
        ServerConfig(public_url="https://media.example.org/box"),
        ServerConfig(trusted_proxies=("10.0.0.1",)),
    ],
)
async def test_a_box_answers_under_the_names_it_is_given(box: Box, config: ServerConfig) -> None:
    app = create_app(replace(box.parts, hosts=KnownHosts(config, machine="")))

    async with speaking_to(app, None) as client:
        answered = await client.get("/healthz", headers={"Host": "Media.Example.org."})

    assert answered.status_code == 200


async def test_no_answer_is_kept_or_guessed_at_unless_it_says_so(
    shared_client: AsyncClient, client: AsyncClient
) -> None:
    answers = [
        await shared_client.get(COMMANDS),
        await shared_client.get("/nothing"),
        await shared_client.get("/llms.txt"),
        await client.get(f"{COMMANDS}/{await submit(client, make_body())}"),
    ]

    said = {(a.headers["cache-control"], a.headers["x-content-type-options"]) for a in answers}
    assert said == {("no-store", "nosniff")}


async def test_a_stored_file_may_still_be_kept(client: AsyncClient) -> None:
    stored = await upload(client)

    served = await client.get(str(stored["storage_url"]))

    assert served.headers.get_list("cache-control") == ["private, max-age=3600"]
    assert served.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_the_page_runs_nothing_but_its_own_program_and_cannot_be_framed(
    shared_anonymous: AsyncClient,
) -> None:
    page = await shared_anonymous.get("/schema")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script>" not in page.text


async def test_who_is_refused_is_logged_but_neither_how_often_nor_with_which_key(
    box: Box, anonymous: AsyncClient
) -> None:
    key = "ffsk_" + "5" * 64

    with structlog.testing.capture_logs() as lines:
        for _ in range(3 * LINES_PER_MINUTE):
            await anonymous.get(COMMANDS, headers={"X-API-KEY": key})
        box.clock.advance(60)
        await anonymous.get(COMMANDS)

    assert "555" not in str(lines)
    lines = [line for line in lines if line["log_level"] != "debug"]
    assert len(lines) == LINES_PER_MINUTE + 1
    assert lines[0] | {"client": ""} == {
        "event": "caller_refused",
        "log_level": "warning",
        "client": "",
        "reason": "unknown key",
        "unsaid": 0,
    }
    assert (lines[-1]["reason"], lines[-1]["unsaid"]) == ("no key", 2 * LINES_PER_MINUTE)
