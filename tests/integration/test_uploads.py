from collections.abc import AsyncIterator

import pytest
from httpx import AsyncClient

from tests.fakes import ScriptedProber
from tests.integration.box import FILES, MAX_UPLOAD_BYTES, UPLOAD, Box, files_kept, problem, upload

BOUNDARY = "b0undary"
CONTENT = bytes(range(256)) * 40
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="clip.mp4"\r\n'
    "Content-Type: video/mp4\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
BODY = HEAD + CONTENT + TAIL


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def sent(client: AsyncClient, body: bytes, *, size: int = 4096) -> tuple[int, dict[str, str]]:
    """Upload a raw multipart body in pieces of ``size`` bytes."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answered = await client.post(UPLOAD, content=in_pieces(body, size), headers=headers)
    return answered.status_code, answered.json()


def part(name: str, content: str, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'
    ).encode()


END = f"--{BOUNDARY}--\r\n".encode()


async def content_of(client: AsyncClient, stored: dict[str, str]) -> bytes:
    return (await client.get(stored["storage_url"])).content


async def test_an_upload_is_answered_with_its_record(client: AsyncClient) -> None:
    stored = await upload(client, bytes(1_048_576 // 2))

    assert (stored.keys(), stored["filename"], stored["size_mbytes"]) == (
        {"file_id", "storage_url", "filename", "size_mbytes"},
        "clip.mp4",
        0.5,
    )


async def test_an_uploads_address_works_when_it_is_answered(
    client: AsyncClient, anonymous: AsyncClient
) -> None:
    stored = await upload(client, CONTENT)

    assert (await anonymous.get(str(stored["storage_url"]))).content == CONTENT


async def test_an_uploads_record_can_be_read(client: AsyncClient) -> None:
    stored = await upload(client)

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert (record["rendi_store_type"], record["status"], record["codec"]) == (
        "UPLOAD",
        "STORED",
        "h264",
    )


@pytest.mark.parametrize("size", [1, 2, 7, len(HEAD) - 1, len(HEAD) + 1, len(BODY) - 3])
async def test_an_upload_does_not_depend_on_how_it_is_split(
    shared_client: AsyncClient, size: int
) -> None:
    status_code, stored = await sent(shared_client, BODY, size=size)

    assert (status_code, await content_of(shared_client, stored)) == (200, CONTENT)


async def test_content_that_looks_like_a_boundary_is_kept(shared_client: AsyncClient) -> None:
    content = f"\r\n--{BOUNDARY[:-1]}\r\n--\r\n".encode()

    _, stored = await sent(shared_client, HEAD + content + TAIL)

    assert await content_of(shared_client, stored) == content


@pytest.mark.parametrize(
    "body",
    [b"", b"no multipart at all", HEAD, HEAD + CONTENT, BODY[:-4], HEAD + CONTENT + b"\r\n--b0und"],
    ids=["empty", "other", "head", "unfinished", "cut", "half boundary"],
)
async def test_a_broken_body_is_refused(shared_client: AsyncClient, body: bytes) -> None:
    status_code, answered = await sent(shared_client, body)

    assert (status_code, answered["error"]) == (400, "INVALID_REQUEST")


async def test_a_broken_upload_leaves_no_file(box: Box, client: AsyncClient) -> None:
    await sent(client, HEAD + CONTENT)

    assert files_kept(box) == []


async def test_a_broken_upload_leaves_no_record(client: AsyncClient) -> None:
    await sent(client, HEAD + CONTENT)

    assert (await client.get(FILES)).json()["files"] == []


@pytest.mark.parametrize(
    "content_type",
    [None, "multipart/form-data", "application/octet-stream", "application/json", "video/mp4"],
)
async def test_a_body_that_says_it_is_no_form_is_refused(
    shared_client: AsyncClient, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    refused = await shared_client.post(UPLOAD, content=BODY, headers=headers)

    assert problem(refused) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "body",
    [END, part("other", "x", "clip.mp4") + END, part("file", "not a file") + END],
    ids=["no part", "another part", "a field"],
)
async def test_an_upload_without_a_file_part_is_refused(
    shared_client: AsyncClient, body: bytes
) -> None:
    status_code, answered = await sent(shared_client, body)

    assert (status_code, answered["error"], answered["detail"][0]["loc"]) == (
        422,
        "VALIDATION_ERROR",
        ["file"],
    )


async def test_the_first_of_two_file_parts_is_kept(shared_client: AsyncClient) -> None:
    body = part("file", "first", "a.txt") + part("file", "second", "b.txt") + END

    _, stored = await sent(shared_client, body)

    assert (stored["filename"], await content_of(shared_client, stored)) == ("a.txt", b"first")


async def test_other_fields_beside_the_file_are_ignored(shared_client: AsyncClient) -> None:
    body = part("note", "before") + part("file", "content", "a.txt") + part("more", "x") + END

    _, stored = await sent(shared_client, body)

    assert await content_of(shared_client, stored) == b"content"


async def test_too_many_parts_are_refused(shared_client: AsyncClient) -> None:
    body = b"".join(part(f"field{number}", "x") for number in range(100)) + END

    status_code, answered = await sent(shared_client, body)

    assert (status_code, answered["error"]) == (400, "INVALID_REQUEST")


async def test_an_empty_file_can_be_uploaded(shared_client: AsyncClient) -> None:
    stored = await upload(shared_client, b"", "empty.txt")

    assert (stored["size_mbytes"], await content_of(shared_client, stored)) == (0.0, b"")


async def test_an_upload_that_hides_its_length_is_stopped_at_the_limit(
    shared_client: AsyncClient,
) -> None:
    status_code, answered = await sent(shared_client, HEAD + bytes(2 * MAX_UPLOAD_BYTES) + TAIL)

    assert (status_code, answered["error"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_an_upload_over_the_limit_leaves_no_file(box: Box, client: AsyncClient) -> None:
    await sent(client, HEAD + bytes(2 * MAX_UPLOAD_BYTES) + TAIL)

    assert files_kept(box) == []


@pytest.mark.parametrize(
    ("sent_name", "kept_name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("C:\\x\\clip.mp4", "clip.mp4"),
        ("..", "upload"),
        (".", "upload"),
        ("a/", "upload"),
        ("", "upload"),
        (" clip.mp4 ", "clip.mp4"),
        (".hidden", "hidden"),
        ("my clip (1).mp4", "my clip (1).mp4"),
        ("über 🎬.mp4", "über 🎬.mp4"),
        ("a?b#c%2F.mp4", "a?b#c%2F.mp4"),
        ("a\tb.mp4", "a_b.mp4"),
    ],
)
async def test_a_file_name_is_made_harmless(
    shared_client: AsyncClient, sent_name: str, kept_name: str
) -> None:
    _, stored = await sent(shared_client, part("file", "content", sent_name) + END)

    assert stored["filename"] == kept_name


@pytest.mark.parametrize("name", ["über 🎬.mp4", "my clip (1).mp4", "a?b#c%2F.mp4", "..%2f..mp4"])
async def test_an_odd_file_name_does_not_break_the_address(
    shared_client: AsyncClient, name: str
) -> None:
    _, stored = await sent(shared_client, part("file", "content", name) + END)

    assert await content_of(shared_client, stored) == b"content"


async def test_a_very_long_file_name_is_cut_and_keeps_its_extension(
    shared_client: AsyncClient,
) -> None:
    _, stored = await sent(shared_client, part("file", "content", f"{'ü' * 300}.mp4") + END)

    name = stored["filename"]
    assert (len(name.encode()) <= 200, name.endswith("ü.mp4")) == (True, True)


@pytest.mark.parametrize("name", [f"a.{'x' * 300}", f"{'.' * 300}x", "x" * 300])
async def test_a_very_long_extension_is_cut_too(shared_client: AsyncClient, name: str) -> None:
    _, stored = await sent(shared_client, part("file", "content", name) + END)

    assert len(stored["filename"]) <= 200


async def test_an_upload_that_is_no_media_is_kept_as_what_its_name_says(
    client: AsyncClient, prober: ScriptedProber
) -> None:
    prober.unreadable.add("clip.mp4")
    stored = await upload(client)

    record = (await client.get(f"{FILES}/{stored['file_id']}")).json()

    assert (record["file_type"], record["codec"]) == ("video", None)
