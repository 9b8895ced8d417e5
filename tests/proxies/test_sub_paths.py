"""A box below a path, behind proxies that take the path away and behind such that do not."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.certificates import needs_openssl
from tests.proxies.proxies import PATH, PROXIES, Proxied, proxied

pytestmark = [needs_openssl, pytest.mark.timeout(120)]


@pytest.fixture(scope="module", params=PROXIES)
def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    directory = tmp_path_factory.mktemp(request.param)
    with proxied(request.param, directory, path=PATH) as opened:
        yield opened


@pytest.fixture(params=["the path is taken away", "the path stays"])
def client(request: pytest.FixtureRequest, way: Proxied) -> Iterator[httpx.Client]:
    base = way.url if request.param == "the path is taken away" else way.passing_url
    with way.client(base=base) as opened:
        yield opened


def test_a_stored_file_is_where_the_box_says(way: Proxied, client: httpx.Client) -> None:
    stored = client.post("/api/v1/files/upload", files={"file": ("a.txt", b"hello")}).json()

    assert stored["storage_url"].startswith(f"{way.url}/files/")
    assert client.get(stored["storage_url"]).content == b"hello"
    assert client.get(below(stored["storage_url"], way)).content == b"hello"


def test_a_log_is_where_the_box_says(way: Proxied, client: httpx.Client) -> None:
    polled = way.box.run("-f lavfi -i testsrc2=d=0.1:s=64x36 {{out_1}}", {"out_1": "a.mkv"})

    assert polled["log_url"].startswith(f"{way.url}/api/v1/")
    assert client.get(below(polled["log_url"], way)).status_code == 200


def test_a_file_in_parts_is_sent_to_where_the_box_says(way: Proxied, client: httpx.Client) -> None:
    begun = client.post(
        "/api/v1/files/init-upload", json={"filename": "a.txt", "size_bytes": 5}
    ).json()
    (url,) = begun["upload_urls"]
    part = client.put(below(url, way), content=b"hello")
    done = client.post(
        f"/api/v1/files/{begun['file_id']}/complete-upload",
        json={"parts": [{"part_number": 1, "etag": part.headers["etag"]}]},
    )

    assert url.startswith(f"{way.url}/uploads/")
    assert client.get(done.json()["storage_url"]).content == b"hello"


def test_pages_lead_to_where_they_are(way: Proxied, client: httpx.Client) -> None:
    page = client.get("/schema")
    (script,) = re.findall(r'<script src="([^"]+)"', page.text)
    (spec,) = re.findall(r'spec-url="([^"]+)"', page.text)

    assert client.get(page.url.join(script)).headers["content-type"].startswith("text/javascript")
    assert client.get(page.url.join(spec)).json()["servers"] == [{"url": way.url}]
    assert way.url in client.get("/llms.txt").text
    assert client.get("/healthz").status_code == 200


def below(url: str, way: Proxied) -> str:
    """Return an address that the box handed out as one below whatever the client came through."""
    assert url.startswith(way.url)
    return url.removeprefix(way.url)
