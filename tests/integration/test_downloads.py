from pathlib import Path

import pytest
from msgspec.structs import replace

from renderio_box.jobs.job import UrlSource
from renderio_box.queue.history import JobReport
from tests.builders import OWNER, make_submission
from tests.fakes import Receiver, answer
from tests.integration.box import BOUNDS, MAX_INPUT_BYTES, Box

GZIPPED = {"Content-Encoding": "gzip", "Content-Length": "7"}
CHUNKED = {"Transfer-Encoding": "chunked"}


async def run(box: Box, *urls: str) -> JobReport:
    """Run a command that reads the URLs as in_0, in_1, ..."""
    inputs = {f"in_{number}": UrlSource(url) for number, url in enumerate(urls)}
    words = [word for alias in inputs for word in ("-i", f"{{{{{alias}}}}}")]
    submission = make_submission(steps=((*words, "{{out_clip}}"),), inputs=inputs)
    (job,) = await box.queue.submit([submission], owner=OWNER, sees=OWNER)
    return await box.work_until_final(job.id)


async def read(box: Box, *urls: str) -> dict[str, bytes]:
    """Run a command that reads the URLs; return the files that FFmpeg found."""
    report = await run(box, *urls)
    assert report.job.state == "succeeded", report.job.error_message
    return box.executor.inputs[0]


async def refusal(box: Box, url: str) -> tuple[str | None, str]:
    """Run a command whose input cannot be had; return the reason."""
    job = (await run(box, url)).job
    return job.error_status, job.error_message or ""


async def test_a_url_is_downloaded(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"downloaded")

    assert await read(box, f"{receiver.url}/clip.mp4?x=1") == {"in_0.mp4": b"downloaded"}


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("/clip.webm", "video/mp4", "in_0.webm"),
        ("/CLIP.MOV", "", "in_0.mov"),
        ("/clip", "video/mp4", "in_0.mp4"),
        ("/clip", "image/jpeg; q=1", "in_0.jpg"),
        ("/clip", "application/octet-stream", "in_0"),
        ("/clip", "made/up", "in_0"),
        ("/clip", "", "in_0"),
        ("/clip.m%70%34", "", "in_0.mp4"),
        ("/clip.we-ird", "video/mp4", "in_0"),
    ],
)
async def test_the_extension_is_the_urls_else_the_content_types(
    box: Box, receiver: Receiver, path: str, content_type: str, name: str
) -> None:
    headers = {"Content-Type": content_type, "Content-Length": "1"}
    receiver.answers = dict.fromkeys(
        [path, path.replace("%70%34", "p4")], answer(b"x", headers=headers)
    )

    assert await read(box, receiver.url + path) == {name: b"x"}


async def test_every_input_is_fetched(box: Box, receiver: Receiver) -> None:
    urls = [f"{receiver.url}/{number}.mp4" for number in range(6)]
    receiver.answers = {f"/{number}.mp4": answer(b"%d" % number) for number in range(6)}

    fetched = await read(box, *urls)

    assert fetched == {f"in_{number}.mp4": b"%d" % number for number in range(6)}


def redirect(to: str) -> dict[str, str]:
    return {"Location": to, "Content-Length": "0"}


async def test_redirects_within_the_limit_are_followed(box: Box, receiver: Receiver) -> None:
    receiver.answers = {
        "/first": answer(b"", status="301 Moved", headers=redirect("/second")),
        "/second": answer(b"", status="302 Found", headers=redirect(f"{receiver.url}/clip.mp4")),
        "/clip.mp4": answer(b"downloaded"),
    }

    assert await read(box, f"{receiver.url}/first") == {"in_0.mp4": b"downloaded"}


async def test_a_url_that_redirects_in_circles_is_unreachable(box: Box, receiver: Receiver) -> None:
    receiver.answers["/round"] = answer(b"", status="302 Found", headers=redirect("/round"))

    assert await refusal(box, f"{receiver.url}/round") == (
        "UNREACHABLE_INPUT_FILE",
        "in_0 could not be fetched: it is redirected too often.",
    )


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "//[::"])
async def test_a_redirect_to_what_is_no_http_url_is_refused(
    box: Box, receiver: Receiver, target: str
) -> None:
    receiver.answers["/away"] = answer(b"", status="302 Found", headers=redirect(target))

    status, _ = await refusal(box, f"{receiver.url}/away")

    assert status == "UNREACHABLE_INPUT_FILE"


@pytest.mark.parametrize(
    "status",
    ["404 Not Found", "403 Forbidden", "500 Oops", "204 No Content", "206 Partial Content"],
)
async def test_an_answer_that_is_no_file_is_unreachable(
    box: Box, receiver: Receiver, status: str
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"", status=status)

    assert await refusal(box, f"{receiver.url}/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        f"in_0 could not be fetched: the server answered {status[:3]}.",
    )


TOO_MUCH = bytes(MAX_INPUT_BYTES + 1)
IN_CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(TOO_MUCH), TOO_MUCH)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (TOO_MUCH, None),
        (b"", {"Content-Length": str(MAX_INPUT_BYTES + 1)}),
        (TOO_MUCH, {}),
        (IN_CHUNKS, CHUNKED),
    ],
    ids=["honest", "announced", "not announced", "chunked"],
)
async def test_a_file_over_the_limit_is_too_large(
    box: Box, receiver: Receiver, body: bytes, headers: dict[str, str] | None
) -> None:
    receiver.answers["/clip.mp4"] = answer(body, headers=headers)

    status, _ = await refusal(box, f"{receiver.url}/clip.mp4")

    assert status == "INPUT_TOO_LARGE"


async def test_a_file_of_exactly_the_limit_is_taken(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(bytes(MAX_INPUT_BYTES))

    fetched = await read(box, f"{receiver.url}/clip.mp4")

    assert len(fetched["in_0.mp4"]) == MAX_INPUT_BYTES


async def test_no_more_is_read_than_was_announced(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content and more", headers={"Content-Length": "7"})

    assert await read(box, f"{receiver.url}/clip.mp4") == {"in_0.mp4": b"content"}


async def test_a_file_whose_length_is_not_announced_is_read_to_its_end(
    box: Box, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content", headers={})

    assert await read(box, f"{receiver.url}/clip.mp4") == {"in_0.mp4": b"content"}


@pytest.mark.parametrize("announced", ["-1", "7, 8", "many", "7.5"])
async def test_a_length_that_is_no_length_is_no_answer(
    box: Box, receiver: Receiver, announced: str
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content", headers={"Content-Length": announced})

    status, _ = await refusal(box, f"{receiver.url}/clip.mp4")

    assert status == "UNREACHABLE_INPUT_FILE"


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "1000"}, CHUNKED], ids=["announced", "chunked"]
)
async def test_a_file_that_breaks_off_is_unreachable(
    box: Box, receiver: Receiver, headers: dict[str, str]
) -> None:
    receiver.answers["/clip.mp4"] = answer(b"3e8\r\nhalf", headers=headers)

    assert await refusal(box, f"{receiver.url}/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        "in_0 could not be fetched: the server broke off before the file was complete.",
    )


async def test_a_compressed_body_is_refused(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content", headers=GZIPPED)

    status, message = await refusal(box, f"{receiver.url}/clip.mp4")

    assert (status, "compressed" in message) == ("UNREACHABLE_INPUT_FILE", True)


async def test_no_compression_is_asked_for(box: Box, receiver: Receiver) -> None:
    receiver.answers["/clip.mp4"] = answer(b"content")

    await read(box, f"{receiver.url}/clip.mp4")

    assert b"accept-encoding: identity" in receiver.requests[0].lower()


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_server_that_falls_silent_is_given_up(
    box: Box, receiver: Receiver, raw: bytes
) -> None:
    receiver.answers["/clip.mp4"] = replace(answer(b""), raw=raw, stays_silent=True)

    assert await refusal(box, f"{receiver.url}/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        "in_0 could not be fetched: the server did not answer in time.",
    )


async def test_a_server_that_sends_a_byte_now_and_then_is_given_up(
    box: Box, receiver: Receiver
) -> None:
    begun = answer(b"x", headers={"Content-Length": "1000"})
    receiver.answers["/clip.mp4"] = replace(begun, endlessly=b"x", pause_s=0.1)

    assert await refusal(box, f"{receiver.url}/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        f"in_0 could not be fetched: it was not complete after {BOUNDS.total_seconds:g} seconds.",
    )


@pytest.mark.parametrize("raw", [b"", b"this is not HTTP\r\n\r\n", b"HTTP/1.1 200"])
async def test_a_server_that_speaks_no_http_is_unreachable(
    box: Box, receiver: Receiver, raw: bytes
) -> None:
    receiver.answers["/clip.mp4"] = replace(answer(b""), raw=raw)

    status, _ = await refusal(box, f"{receiver.url}/clip.mp4")

    assert status == "UNREACHABLE_INPUT_FILE"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/clip.mp4", "http://no-such-host.invalid/a"])
async def test_a_server_that_is_not_there_is_unreachable(box: Box, url: str) -> None:
    assert await refusal(box, url) == (
        "UNREACHABLE_INPUT_FILE",
        "in_0 could not be fetched: no connection to the server could be made.",
    )


async def test_a_failure_to_fetch_says_nothing_of_the_address(box: Box, receiver: Receiver) -> None:
    secret = receiver.url.replace("http://", "http://user:secret@") + "/gone.mp4?token=secret"

    _, message = await refusal(box, secret)

    assert message == "in_0 could not be fetched: the server answered 404."


async def test_ffmpeg_is_not_started_without_its_inputs(box: Box, receiver: Receiver) -> None:
    await refusal(box, f"{receiver.url}/gone.mp4")

    assert box.executor.executions == []


async def test_inputs_leave_nothing_behind(box: Box, receiver: Receiver) -> None:
    await refusal(box, f"{receiver.url}/gone.mp4")

    assert left_in(box.root / "work") == []


def left_in(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def test_a_cookie_of_one_download_is_not_sent_with_the_next(
    box: Box, receiver: Receiver
) -> None:
    receiver.answers["/clip.mp4"] = answer(
        b"downloaded", headers={"Set-Cookie": "session=secret; Path=/", "Content-Length": "10"}
    )

    await read(box, f"{receiver.url}/clip.mp4")
    await run(box, f"{receiver.url}/clip.mp4")

    assert [b"cookie" in request.lower() for request in receiver.requests] == [False, False]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 5_000_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 100_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100_000,
    ],
    ids=["long header", "many headers", "100 Continue", "103 Early Hints"],
)
async def test_an_answer_that_does_not_come_to_its_body_is_given_up(
    box: Box, receiver: Receiver, head: bytes
) -> None:
    receiver.answers["/clip.mp4"] = replace(answer(b""), raw=head, stays_silent=True)

    assert await refusal(box, f"{receiver.url}/clip.mp4") == (
        "UNREACHABLE_INPUT_FILE",
        "in_0 could not be fetched: the server broke off before the file was complete.",
    )


async def test_a_few_interim_answers_are_passed_over(box: Box, receiver: Receiver) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 10
    told = answer(b"downloaded")
    receiver.answers["/clip.mp4"] = replace(told, raw=interim + told.raw)

    assert await read(box, f"{receiver.url}/clip.mp4") == {"in_0.mp4": b"downloaded"}
