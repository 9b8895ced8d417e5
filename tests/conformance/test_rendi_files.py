"""Section 6 in Rendi's dialect: files. Fetching and parts are with those of RenderIO."""

import pytest

from tests.conformance.client import (
    NOWHERE,
    RENDI,
    Client,
    Record,
    rendi_fault_of,
    rendi_problem_of,
)

BAD_QUERIES = [{"limit": 0}, {"limit": 1001}, {"limit": "all"}, {"offset": -1}, {"offset": "x"}]


@pytest.fixture
def owner(newcomer: Client) -> Client:
    return newcomer.speaking(RENDI)


def test_files_are_a_bare_list_newest_first_without_deleted_ones(owner: Client) -> None:
    uploaded = [owner.upload(name=f"{number}.txt")["file_id"] for number in range(3)]
    owner.delete(f"/files/{uploaded[1]}")

    listed = owner.fetch("/files")

    assert [each["file_id"] for each in listed] == [uploaded[2], uploaded[0]]
    assert listed[0] == owner.file(uploaded[2])


@pytest.mark.parametrize(
    ("query", "count"), [({}, 3), ({"limit": 1000}, 3), ({"limit": 2}, 2), ({"offset": 2}, 1)]
)
def test_the_list_is_cut_as_asked(owner: Client, query: Record, count: int) -> None:
    for _ in range(3):
        owner.upload()

    assert len(owner.fetch("/files", **query)) == count


@pytest.mark.parametrize("path", ["/files", "/commands"])
@pytest.mark.parametrize("query", BAD_QUERIES)
def test_a_bad_query_is_a_422_that_says_where(rendi: Client, path: str, query: Record) -> None:
    answer = rendi.get(path, **query)

    assert rendi_fault_of(answer) == (422, ("query", *query))


def test_a_file_is_deleted_once(owner: Client) -> None:
    file_id = owner.upload()["file_id"]

    first, second = owner.delete(f"/files/{file_id}"), owner.delete(f"/files/{file_id}")

    assert (first.status_code, first.json()) == (200, {"deleted": True, "file_id": file_id})
    assert rendi_problem_of(second)[0] == 404
    assert owner.file(file_id)["is_deleted"] is True


def test_an_unknown_file_is_a_404_with_a_sentence(rendi: Client) -> None:
    shown, deleted = rendi.get(f"/files/{NOWHERE}"), rendi.delete(f"/files/{NOWHERE}")

    assert (rendi_problem_of(shown)[0], rendi_problem_of(deleted)[0]) == (404, 404)


def test_one_unknown_file_in_many_is_a_404_with_a_sentence(rendi: Client) -> None:
    answer = rendi.post("/files/bulk-delete", {"file_ids": [NOWHERE]})

    assert rendi_problem_of(answer)[0] == 404


@pytest.mark.parametrize(
    "body", [{}, {"file_ids": []}, {"file_ids": "x"}, {"file_ids": [NOWHERE] * 1001}]
)
def test_one_to_1000_files_are_deleted_at_once(rendi: Client, body: Record) -> None:
    status, loc = rendi_fault_of(rendi.post("/files/bulk-delete", body))

    assert (status, loc[:2]) == (422, ("body", "file_ids"))


@pytest.mark.parametrize("body", [{}, {"file_url": "clip.mp4"}, {"file_url": 5}])
def test_a_url_that_is_none_is_a_422_that_says_where(rendi: Client, body: Record) -> None:
    status, loc = rendi_fault_of(rendi.post("/files/store-file", body))

    assert (status, loc[:2]) == (422, ("body", "file_url"))


def test_an_upload_without_a_file_is_a_422(rendi: Client) -> None:
    answer = rendi.call("POST", "/files/upload", files={"document": ("a.txt", b"a")})

    assert rendi_fault_of(answer)[0] == 422


def test_outputs_of_an_unknown_command_are_a_404(rendi: Client) -> None:
    assert rendi_problem_of(rendi.delete(f"/commands/{NOWHERE}/files"))[0] == 404
