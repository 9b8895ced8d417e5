import pytest

from renderio_box.api.catalogue import (
    LITERAL,
    error_entries,
    error_status_entries,
    error_status_table,
    error_table,
    literal,
)
from renderio_box.config import names
from renderio_box.errors import ErrorCode, Explained
from renderio_box.jobs.error_status import ErrorStatus

EVERY_CODE = [*ErrorCode, *ErrorStatus]


@pytest.mark.parametrize("code", EVERY_CODE, ids=lambda code: f"{type(code).__name__}.{code}")
def test_every_code_is_explained_in_sentences(code: Explained) -> None:
    assert [text[0].isupper() and text.endswith(".") for text in (code.meaning, code.remedy)] == [
        True,
        True,
    ]


def test_every_code_has_an_entry_with_its_status() -> None:
    found = {entry.code: entry.http_status for entry in error_entries()}

    assert found.keys() == {code.value for code in ErrorCode}
    assert (found["INVALID_COMMAND"], found["QUEUE_FULL"]) == (400, 503)


def test_every_error_status_has_an_entry() -> None:
    assert [entry.code for entry in error_status_entries()] == [each.value for each in ErrorStatus]


def test_a_row_of_errors_has_status_code_meaning_and_remedy() -> None:
    rows = error_table().splitlines()

    assert rows[:2] == [
        "| HTTP | `error` | what it means | what to do |",
        "| --- | --- | --- | --- |",
    ]
    assert rows[4] == (
        "| 401 | UNAUTHORIZED | The request has no API key, or one that is unknown, revoked or expired."
        " | Send a valid API key in the header `X-API-KEY`. |"
    )


def test_a_row_of_error_statuses_has_code_meaning_and_remedy() -> None:
    assert (
        "| STALLED | FFmpeg came to a standstill: no new frame, nothing read or written, no CPU used."
        " | Submit it again; if it stalls again, read the log, or raise `jobs.stall_seconds`. |"
    ) in error_status_table().splitlines()


@pytest.mark.parametrize("table", [error_table(), error_status_table()])
def test_no_sentence_breaks_its_table(table: str) -> None:
    (columns,) = {line.count("|") for line in table.splitlines()}

    assert columns in {4, 5}


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Raise jobs.output_mbytes.", "Raise `jobs.output_mbytes`."),
        ("Write to {{out_…}} files.", "Write to `{{out_…}}` files."),
        ("Send X-API-KEY, then wait.", "Send `X-API-KEY`, then wait."),
        ("Nothing to type here. Really.", "Nothing to type here. Really."),
    ],
)
def test_what_is_to_be_typed_is_marked(sentence: str, shown: str) -> None:
    assert literal(sentence) == shown


def test_every_setting_that_a_remedy_names_is_one() -> None:
    named = {
        word
        for code in EVERY_CODE
        for word in LITERAL.findall(code.remedy)
        if "." in word and not word.startswith("{{")
    }

    assert named
    assert named <= {*names()}
