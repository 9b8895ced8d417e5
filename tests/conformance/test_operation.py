"""Section 10: what operators, browsers and agents ask for."""

import pytest

from tests.conformance.client import RENDERIO, RENDI, Client, problem_of

DOCUMENTED = [
    ("post", "/api/v1/run-ffmpeg-command"),
    ("post", "/api/v1/run-chained-ffmpeg-commands"),
    ("post", "/api/v1/run-multiple-ffmpeg-commands"),
    ("post", "/api/v1/validate"),
    ("post", "/api/v1/probe"),
    ("get", "/api/v1/commands"),
    ("get", "/api/v1/commands/{command_id}"),
    ("post", "/api/v1/commands/{command_id}/cancel"),
    ("get", "/api/v1/commands/{command_id}/log"),
    ("get", "/api/v1/commands/{command_id}/events"),
    ("delete", "/api/v1/commands/{command_id}/files"),
    ("get", "/api/v1/events"),
    ("post", "/api/v1/files/upload"),
    ("post", "/api/v1/files/store-file"),
    ("get", "/api/v1/files"),
    ("get", "/api/v1/files/{file_id}"),
    ("delete", "/api/v1/files/{file_id}"),
    ("post", "/api/v1/files/bulk-delete"),
    ("post", "/api/v1/files/init-upload"),
    ("post", "/api/v1/files/{file_id}/complete-upload"),
    ("post", "/api/v1/presets"),
    ("get", "/api/v1/presets"),
    ("get", "/api/v1/presets/{preset_id}"),
    ("put", "/api/v1/presets/{preset_id}"),
    ("delete", "/api/v1/presets/{preset_id}"),
    ("post", "/api/v1/presets/{preset_id}/execute"),
    ("put", "/api/v1/webhook-config"),
    ("get", "/api/v1/webhook-config"),
    ("delete", "/api/v1/webhook-config"),
    ("post", "/api/v1/webhook-config/test"),
    ("get", "/api/v1/webhook-deliveries"),
    ("post", "/api/v1/webhook-deliveries/{delivery_id}/replay"),
    ("get", "/api/v1/keys"),
    ("post", "/api/v1/keys"),
    ("delete", "/api/v1/keys/{key_id}"),
    ("post", "/v1/run-ffmpeg-command"),
    ("post", "/v1/run-chained-ffmpeg-commands"),
    ("get", "/v1/commands"),
    ("get", "/v1/commands/{command_id}"),
    ("delete", "/v1/commands/{command_id}/files"),
    ("post", "/v1/files/upload"),
    ("post", "/v1/files/store-file"),
    ("get", "/v1/files"),
    ("get", "/v1/files/{file_id}"),
    ("delete", "/v1/files/{file_id}"),
    ("post", "/v1/files/bulk-delete"),
    ("post", "/v1/files/init-upload"),
    ("post", "/v1/files/{file_id}/complete-upload"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
]


@pytest.fixture(scope="module")
def schema(client: Client) -> dict[str, dict[str, dict[str, dict[str, object]]]]:
    return dict(client.http.get(f"{client.url}/schema/openapi.json").raise_for_status().json())


def test_the_process_lives(client: Client) -> None:
    assert client.http.get(f"{client.url}/healthz").status_code == 200


def test_the_box_is_ready_and_says_what_it_looked_at(client: Client) -> None:
    answer = client.http.get(f"{client.url}/readyz")

    said = answer.text.lower()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert [word in said for word in ("database", "storage", "ffmpeg")] == [True] * 3


def test_metrics_are_in_the_format_of_prometheus(admin: Client) -> None:
    answer = admin.http.get(f"{admin.url}/metrics", headers={"X-API-KEY": admin.key})

    if answer.status_code == 404:
        pytest.skip("this box has no /metrics yet")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert "# TYPE " in answer.text


def test_the_interface_is_described_in_openapi_3_1(
    schema: dict[str, dict[str, dict[str, dict[str, object]]]],
) -> None:
    assert str(schema["openapi"]).startswith("3.1")


@pytest.mark.parametrize(("method", "path"), DOCUMENTED)
def test_every_operation_is_described(
    schema: dict[str, dict[str, dict[str, dict[str, object]]]], method: str, path: str
) -> None:
    operation = schema["paths"][path][method]

    assert operation["summary"] or operation["description"]


@pytest.mark.parametrize("dialect", [RENDERIO, RENDI])
def test_the_description_has_examples(
    schema: dict[str, dict[str, dict[str, dict[str, object]]]], dialect: str
) -> None:
    operation = schema["paths"][f"{dialect}/run-ffmpeg-command"]["post"]

    assert "example" in str(operation["requestBody"])


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
def test_there_is_a_page_to_read_and_try_it(client: Client, path: str) -> None:
    answer = client.http.get(client.url + path, follow_redirects=True)

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_there_is_a_page_for_agents(client: Client) -> None:
    answer = client.http.get(f"{client.url}/llms.txt")

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) in {
        (200, "text/plain"),
        (200, "text/markdown"),
    }
    assert "/api/v1/run-ffmpeg-command" in answer.text
    assert "X-API-KEY" in answer.text


@pytest.mark.parametrize("path", ["/ytdlp-download", "/run-ytdlp-command"])
def test_downloads_of_video_sites_are_not_offered(client: Client, path: str) -> None:
    answer = client.post(path, {"url": "https://example.com/watch"})

    problem = problem_of(answer)
    assert (problem.status, problem.code) == (501, "NOT_SUPPORTED")
