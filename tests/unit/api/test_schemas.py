from typing import Annotated

import msgspec
from msgspec import Meta

from renderio_box.api.schemas import ROOMS, dated, explained, field_explained, schemas_of, structs
from renderio_box.jobs.error_status import ErrorStatus
from tests.description import document


def test_limits_are_those_that_requests_are_read_by() -> None:
    command = schemas_of(["RunCommandRequest"])["RunCommandRequest"]["properties"]

    assert (command["ffmpeg_command"]["minLength"], command["ffmpeg_command"]["maxLength"]) == (
        1,
        16_384,
    )
    assert command["priority"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 100}
    assert command["metadata"]["anyOf"][0] == {
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean"]},
        "maxProperties": 10,
    }
    assert command["input_files"]["anyOf"][0] == {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "maxProperties": 64,
    }


def test_what_a_struct_holds_comes_with_it() -> None:
    assert {"CommandView", "FileRecord", "ErrorStatus"} <= schemas_of(["CommandView"]).keys()


def test_a_set_may_be_sent_with_repetitions() -> None:
    scopes = schemas_of(["NewKeyRequest"])["NewKeyRequest"]["properties"]["scopes"]

    assert "uniqueItems" not in str(scopes)


def test_an_enum_lists_its_values() -> None:
    listed = schemas_of(["CommandView"])["ErrorStatus"]["enum"]

    assert set(listed) == {status.value for status in ErrorStatus}


def test_a_name_that_is_no_struct_has_no_schema() -> None:
    assert schemas_of(["Nobody"]) == {}


def test_only_structs_of_the_api_and_its_jobs_are_known() -> None:
    class Foreign(msgspec.Struct):
        name: Annotated[str, Meta(max_length=3)] = ""

    assert Foreign.__name__ not in structs()


def test_no_two_structs_that_travel_have_one_name() -> None:
    names = [struct.__name__ for struct in every_struct() if struct.__module__.startswith(ROOMS)]

    assert [name for name in document()["components"]["schemas"] if names.count(name) > 1] == []


def every_struct() -> list[type[msgspec.Struct]]:
    waiting, found = [msgspec.Struct], []
    while waiting:
        found += (derived := waiting.pop().__subclasses__())
        waiting += derived
    return found


def test_a_docstring_becomes_markdown() -> None:
    text = "Has ``code``.\n\n    And more."

    assert explained("X", {"description": text})["description"] == "Has `code`.\n\nAnd more."


def test_a_field_is_described_by_its_own_words_before_those_of_its_name() -> None:
    own = field_explained("RenderioError", "error", {"type": "string"})
    other = field_explained("CommandView", "error", {"type": "string"})

    assert own["description"] != other["description"]


def test_times_are_marked_as_times_even_where_they_may_be_null() -> None:
    assert dated({"anyOf": [{"type": "string"}, {"type": "null"}]}) == {
        "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]
    }


def test_a_field_that_takes_anything_has_a_schema_that_says_nothing() -> None:
    view = schemas_of(["CommandView"])["CommandView"]["properties"]

    assert view["original_request"]["additionalProperties"] == {}
