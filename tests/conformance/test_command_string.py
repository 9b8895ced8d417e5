r"""Section 2: how a command is read.

What the words are is asked of ``validate``, which runs nothing.
"""

import httpx
import pytest

from tests.conformance.client import (
    BLACK,
    PNG,
    PNG_OUT,
    Client,
    Problem,
    Record,
    problem_of,
    single,
)

VALID_ALIASES = ["in_1", "in_A9_z", "in__", "in_" + "x" * 61]
WRONG_ALIASES = ["video", "out_1", "in_", "in-1", "in_a.b", "in_ä", "IN_1", "in_" + "x" * 62]
VALID_NAMES = [
    *("a.mp4", "A-b_c.9.mkv", "_x.png", "clip.tar.gz", "9.webm", "x" * 124 + ".mp4"),
]
WRONG_NAMES = [
    *("", "clip", ".mp4", "clip.", "-clip.mp4", ".hidden.mp4", "a b.mp4", "dir/clip.mp4"),
    *("../clip.mp4", "/clip.mp4", "a\\b.mp4", "clïp.mp4", "a:b.mp4", "clip.mp4\n", "%03d.png"),
    "x" * 125 + ".mp4",
]
SPLIT = [
    ('-vf "scale=8:8,format=gray"', ["-vf", "scale=8:8,format=gray"]),
    ("-vf 'scale=8:8'", ["-vf", "scale=8:8"]),
    ("-metadata title='My Title'", ["-metadata", "title=My Title"]),
    ("-metadata 'title'='My Title'", ["-metadata", "title=My Title"]),
    (r'-metadata "title=My \"own\" Title"', ["-metadata", 'title=My "own" Title']),
    (r"-metadata title=My\ Title", ["-metadata", "title=My Title"]),
    ("-metadata title=''", ["-metadata", "title="]),
    ("-metadata  \t title=a\n-an", ["-metadata", "title=a", "-an"]),
    ("-metadata title=$HOME;*~`id`", ["-metadata", "title=$HOME;*~`id`"]),
    ("-metadata title=$(id)&&true|cat>x", ["-metadata", "title=$(id)&&true|cat>x"]),
    (
        r"-vf select='lte(n\,1)+gt(a,b)',setpts='PTS*0.025'",
        ["-vf", r"select='lte(n\,1)+gt(a,b)',setpts='PTS*0.025'"],
    ),
    (r'''-vf "select='lte(n\,1)'"''', ["-vf", r"select='lte(n\,1)'"]),
    (r"-vf select=lte(n\,1)", ["-vf", r"select=lte(n\,1)"]),
    ("-filter:v:0 drawtext=text='a b'", ["-filter:v:0", "drawtext=text='a b'"]),
    ("-filter drawtext=text='a b'", ["-filter", "drawtext=text='a b'"]),
    ("-af atempo='1.5'", ["-af", "atempo='1.5'"]),
    ("-filter_complex [0:v]crop='8:8'[v]", ["-filter_complex", "[0:v]crop='8:8'[v]"]),
    ("-lavfi [0:v]crop='8:8'[v]", ["-lavfi", "[0:v]crop='8:8'[v]"]),
]
FORMS = [
    *("{{in_1}}", "{{ in_1 }}", "<<in_1>>", "<< in_1 >>"),
    *(r"\{\{in_1\}\}", r"\{\{ in_1 \}\}", "'{{in_1}}'", '"<<in_1>>"'),
]


def submit(client: Client, body: Record) -> httpx.Response:
    return client.post("/run-ffmpeg-command", body)


def validated(client: Client, body: Record) -> Record:
    answer = client.post("/validate", body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def contains(words: list[str], part: list[str]) -> bool:
    """Tell whether ``part`` stands among the words, in one piece."""
    return any(words[at : at + len(part)] == part for at in range(len(words)))


@pytest.mark.parametrize(("written", "meant"), SPLIT)
def test_a_command_is_split_as_a_shell_would_but_filters_keep_their_quotes(
    client: Client, written: str, meant: list[str]
) -> None:
    [arguments] = validated(client, single(f"{BLACK} {written} {{{{out_1}}}}"))["arguments"]

    assert contains(arguments, meant)


@pytest.mark.parametrize("command", ["ffmpeg " + PNG, "  ffmpeg   " + PNG])
def test_a_leading_ffmpeg_is_dropped(client: Client, command: str) -> None:
    [arguments] = validated(client, single(command))["arguments"]

    assert "ffmpeg" not in arguments


@pytest.mark.parametrize(
    "command", [" ", "ffmpeg", PNG + " -metadata title='open", PNG + ' "', PNG + " \\"]
)
def test_what_cannot_be_split_is_refused(client: Client, command: str) -> None:
    problem = problem_of(submit(client, single(command)))

    assert (problem.status, problem.code) == (400, "INVALID_COMMAND")


def code_of(answer: httpx.Response) -> str:
    return problem_of(answer).code


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_a_placeholder_mean_the_same(client: Client, clip: Record, form: str) -> None:
    command = f"-i {form} -frames:v 1 <<out_1>>"
    usual = "-i {{in_1}} -frames:v 1 {{out_1}}"
    inputs = {"in_1": clip["file_id"]}

    written = validated(client, single(command, PNG_OUT, inputs))
    meant = validated(client, single(usual, PNG_OUT, inputs))

    assert written["arguments"] == meant["arguments"]


def test_placeholders_of_mixed_forms_run(client: Client, clip: Record) -> None:
    record = client.run(
        r"-i \{\{in_1\}\} -i <<in_1>> -filter_complex [0:v][1:v]hstack -frames:v 1 {{ out_1 }}",
        PNG_OUT,
        {"in_1": clip["file_id"]},
    )["output_files"]["out_1"]

    assert (record["width"], record["height"]) == (128, 48)


def test_a_filter_with_quotes_inside_a_word_runs(client: Client, clip: Record) -> None:
    record = client.run(
        r"-i {{in_1}} -vf select='lte(n\,3)+gt(t,9)',setpts='PTS*0.5' -an {{out_1}}",
        {"out_1": "few.mkv"},
        {"in_1": clip["file_id"]},
    )["output_files"]["out_1"]

    assert record["status"] == "STORED"


def test_nothing_in_a_command_is_for_a_shell(client: Client) -> None:
    polled = client.run(f"{BLACK} -metadata title=$(exit);$HOME|`id`>x {{{{out_1}}}}")

    assert polled["status"] == "SUCCESS"


def test_placeholders_stand_inside_filters_whatever_their_files_are_called(
    client: Client, clip_bytes: bytes
) -> None:
    odd = client.upload(clip_bytes, "it's [a], clip: 1;2\\3 = 100%.mp4")

    record = client.made(
        "-f lavfi -i movie={{in_1}} -vf scale=8:8 -frames:v 1 {{out_1}}",
        inputs={"in_1": odd["file_id"]},
    )

    assert (record["width"], record["height"]) == (8, 8)


def test_a_placeholder_stands_after_attach(client: Client, clip: Record) -> None:
    note = client.upload(b"a note", "note.txt")

    record = client.made(
        "-i {{in_1}} -c copy -attach {{in_2}} -metadata:s:t mimetype=text/plain {{out_1}}",
        "noted.mkv",
        {"in_1": clip["file_id"], "in_2": note["file_id"]},
    )

    assert record["status"] == "STORED"


def test_a_placeholder_stands_more_than_once(client: Client, clip: Record) -> None:
    record = client.made(
        "-i {{in_1}} -i {{in_1}} -map 0:v -map 1:a -c copy {{out_1}}",
        "twice.mp4",
        {"in_1": clip["storage_url"]},
    )

    assert (record["codec"], record["channels"]) == ("h264", 1)


def test_several_outputs_stand_inside_one_argument(client: Client) -> None:
    polled = client.run(
        "-f lavfi -i testsrc2=size=16x16:duration=1 -map 0 -c:v mpeg2video"
        " -f tee [f=mpegts]{{out_1}}|[f=mpegts]<<out_2>>",
        {"out_1": "one.ts", "out_2": "two.ts"},
    )

    assert polled["output_files"].keys() == {"out_1", "out_2"}


@pytest.mark.parametrize("alias", VALID_ALIASES)
def test_such_an_alias_is_taken(client: Client, clip: Record, alias: str) -> None:
    command = f"-i {{{{{alias}}}}} -frames:v 1 {{{{out_1}}}}"

    answer = client.post("/validate", single(command, PNG_OUT, {alias: clip["file_id"]}))

    assert answer.status_code == 200


@pytest.mark.parametrize("alias", WRONG_ALIASES)
def test_such_an_alias_of_an_input_is_refused(client: Client, clip: Record, alias: str) -> None:
    command = f"-i {{{{{alias}}}}} -frames:v 1 {{{{out_1}}}}"

    problem = problem_of(submit(client, single(command, PNG_OUT, {alias: clip["file_id"]})))

    assert problem == Problem(400, "INVALID_COMMAND", ("input_files", alias))


@pytest.mark.parametrize("alias", ["in_1", "result", "out_", "out-1", "out_" + "x" * 61])
def test_such_an_alias_of_an_output_is_refused(client: Client, alias: str) -> None:
    problem = problem_of(submit(client, single(f"{BLACK} {{{{{alias}}}}}", {alias: "a.png"})))

    assert problem == Problem(400, "INVALID_COMMAND", ("output_files", alias))


@pytest.mark.parametrize("name", VALID_NAMES)
def test_such_an_output_name_is_taken(client: Client, name: str) -> None:
    assert client.post("/validate", single(outputs={"out_1": name})).status_code == 200


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_such_an_output_name_is_refused(client: Client, name: str) -> None:
    problem = problem_of(submit(client, single(outputs={"out_1": name})))

    assert problem == Problem(400, "INVALID_COMMAND", ("output_files", "out_1"))


def test_the_output_name_decides_the_stored_name_and_the_muxer(
    client: Client, http: httpx.Client
) -> None:
    record = client.made(f"{BLACK} {{{{out_1}}}}", "Still_1-a.webp")

    assert (record["filename"], record["file_format"]) == ("Still_1-a.webp", "webp")
    assert record["mime_type"] == "image/webp"
    assert record["storage_url"].endswith("/Still_1-a.webp")
    assert http.get(record["storage_url"]).content[8:12] == b"WEBP"


@pytest.mark.parametrize(
    ("command", "outputs", "names"),
    [
        (PNG + " -i {{in_2}}", PNG_OUT, "{{in_2}}"),
        (PNG + " {{out_2}}", PNG_OUT, "{{out_2}}"),
        (PNG, {**PNG_OUT, "out_2": "b.png"}, "{{out_2}}"),
    ],
)
def test_every_placeholder_is_declared_and_every_output_used(
    client: Client, command: str, outputs: dict[str, str], names: str
) -> None:
    answer = submit(client, single(command, outputs))

    assert (answer.status_code, code_of(answer)) == (400, "INVALID_COMMAND")
    assert names in answer.json()["message"]


def test_every_input_is_used(client: Client, clip: Record) -> None:
    problem = problem_of(submit(client, single(inputs={"in_1": clip["file_id"]})))

    assert problem == Problem(400, "INVALID_COMMAND", ("input_files", "in_1"))


def test_single_braces_are_refused_with_the_right_form(client: Client, clip: Record) -> None:
    command = "-i {in_video} -frames:v 1 {{out_1}}"

    answer = submit(client, single(command, PNG_OUT, {"in_video": clip["file_id"]}))

    assert (answer.status_code, code_of(answer)) == (400, "INVALID_COMMAND")
    assert "{{in_video}}" in answer.json()["message"]


@pytest.mark.parametrize("flag", ["-y", "-n", "-y -n"])
def test_overwriting_is_the_boxs_business(client: Client, flag: str) -> None:
    assert client.run(f"{flag} {PNG}")["status"] == "SUCCESS"


def test_what_can_be_seen_beforehand_is_refused_at_submit(client: Client, clip: Record) -> None:
    problem = problem_of(
        submit(client, single("{{in_1}} {{out_1}}", inputs={"in_1": clip["file_id"]}))
    )

    assert (problem.status, problem.code) == (400, "INVALID_COMMAND")
