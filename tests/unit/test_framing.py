import h11
import pytest

from renderio_box.framing import MOST_HEADERS, ambiguity_of

Headers = list[tuple[str, str]]


def request(headers: Headers, *, method: str = "POST", version: str = "1.1") -> h11.Request:
    all_headers = [("Host", "a"), *headers]
    return h11.Request(method=method, target="/", headers=all_headers, http_version=version)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Length", "5")],
        [("Transfer-Encoding", "chunked")],
        [(f"X-{number}", "") for number in range(MOST_HEADERS - 1)],
    ],
)
def test_what_can_be_read_in_one_way_only_is_taken(headers: Headers) -> None:
    assert ambiguity_of(request(headers)) == ""


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (request([("Content-Length", "5"), ("Transfer-Encoding", "chunked")]), "two ways"),
        (request([("Transfer-Encoding", "chunked")], version="1.0"), "chunks"),
        (request([(f"X-{number}", "") for number in range(MOST_HEADERS)]), "too many"),
        (request([], method="CONNECT"), "no proxy"),
    ],
)
def test_what_a_proxy_might_read_otherwise_is_not(refused: h11.Request, said: str) -> None:
    assert said in ambiguity_of(refused)
