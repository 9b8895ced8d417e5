import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from renderio_box.api.examples import EXAMPLES
from renderio_box.api.glossary import FIELDS, meaning_of
from renderio_box.api.openapi import completed
from renderio_box.api.operations import ANSWERS, BODIES, CODES, PARAMETERS
from renderio_box.api.problems import STATUS
from renderio_box.errors import ErrorCode
from tests.description import (
    SUCCESSES,
    Operation,
    document,
    json_content,
    operations,
    referring,
    success,
)

OPERATIONS = operations()
SUCCEEDING = [each for each in OPERATIONS if set(each.described["responses"]) & {*SUCCESSES}]
WITH_JSON = [each for each in OPERATIONS if json_content(each.described.get("requestBody", {}))]
SCHEMAS = document()["components"]["schemas"]
PROPERTIES = [
    (name, field) for name, schema in SCHEMAS.items() for field in schema.get("properties", {})
]
PARAMETERS_SHOWN = [
    (each, parameter) for each in OPERATIONS for parameter in each.described.get("parameters", ())
]
TABLES = [*CODES, *BODIES, *PARAMETERS, *ANSWERS, *EXAMPLES]


def named(value: object) -> str:
    return value.id if isinstance(value, Operation) else ""


def walk(value: object) -> Iterator[dict[str, Any]]:
    """Return every object in the JSON."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict | list):
            yield from walk(each)


def test_the_description_is_valid_openapi() -> None:
    assert document()["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(document()).iter_errors()] == []


def test_completing_changes_nothing_of_what_it_is_given() -> None:
    given = {"info": {}, "components": {"schemas": {}, "securitySchemes": {}}, "paths": {}}
    before = copy.deepcopy(given)

    completed(given)

    assert given == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_operation_is_described(operation: Operation) -> None:
    described = operation.described

    assert described["description"].endswith(".")
    assert 3 < len(described["summary"]) < 100


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_operation_belongs_to_tags_that_are_described(operation: Operation) -> None:
    known = {tag["name"] for tag in document()["tags"]}

    assert operation.described["tags"]
    assert {*operation.described["tags"]} <= known


def test_every_tag_has_an_operation() -> None:
    used = {tag for each in OPERATIONS for tag in each.described["tags"]}

    assert {tag["name"] for tag in document()["tags"]} == used


@pytest.mark.parametrize("operation", WITH_JSON, ids=named)
def test_every_json_body_has_an_example(operation: Operation) -> None:
    assert json_content(operation.described["requestBody"])["examples"]


@pytest.mark.parametrize("operation", WITH_JSON, ids=named)
def test_every_example_of_a_body_fits_its_schema(operation: Operation) -> None:
    content = json_content(operation.described["requestBody"])
    validator = Draft202012Validator(referring(content["schema"]))

    for example in content["examples"].values():
        validator.validate(example["value"])


@pytest.mark.parametrize("operation", SUCCEEDING, ids=named)
def test_every_json_answer_has_an_example(operation: Operation) -> None:
    content = json_content(success(operation)[1])

    assert content == {} or content["examples"]


@pytest.mark.parametrize(("schema", "field"), PROPERTIES)
def test_every_field_is_described(schema: str, field: str) -> None:
    assert SCHEMAS[schema]["properties"][field].get("description")


@pytest.mark.parametrize(("operation", "parameter"), PARAMETERS_SHOWN, ids=named)
def test_every_parameter_is_described(operation: Operation, parameter: dict[str, Any]) -> None:
    assert parameter.get("description"), (operation.id, parameter["name"])


@pytest.mark.parametrize("name", list(FIELDS))
def test_nothing_is_described_that_is_not_there(name: str) -> None:
    schema, _, field = name.rpartition(".")
    shown = {*PROPERTIES, *((each.twin, value["name"]) for each, value in PARAMETERS_SHOWN)}

    used = [where for where, what in shown if what == field and where == (schema or where)]

    assert [where for where in used if meaning_of(field, schema=where) == FIELDS[name]]


@pytest.mark.parametrize("key", TABLES)
def test_no_table_speaks_of_an_operation_that_is_not_there(key: str) -> None:
    assert key in {name for each in OPERATIONS for name in (each.id, each.twin)}


def test_unknown_fields_are_said_to_be_refused_nowhere() -> None:
    closed = [each for each in walk(document()) if each.get("additionalProperties") is False]

    assert closed == []


@pytest.mark.parametrize("field", ["suggestion", "verification", "waiting_for"])
@pytest.mark.parametrize("schema", ["CommandView", "RendiCommand"])
def test_what_a_poll_has_beyond_the_services_is_explained(schema: str, field: str) -> None:
    described = document()["components"]["schemas"][schema]["properties"][field]

    assert len(described["description"]) > 50


@pytest.mark.parametrize("operation", OPERATIONS, ids=named)
def test_every_answer_has_a_request_id(operation: Operation) -> None:
    refusals = document()["components"]["responses"]
    answers = [
        refusals[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in operation.described["responses"].values()
    ]

    assert all("X-Request-Id" in each["headers"] for each in answers)


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.path.startswith(("/api/", "/v1/"))], ids=named
)
def test_whatever_needs_a_key_takes_it_in_either_header(operation: Operation) -> None:
    assert operation.described["security"] == [{"apiKey": []}, {"bearer": []}]
    assert "401" in operation.described["responses"]


def test_operations_are_called_what_they_were_called_before() -> None:
    assert {each.id for each in OPERATIONS} >= {
        "run_command",
        "run_chain",
        "show_command",
        "list_commands",
        "cancel_command",
        "delete_outputs",
        "show_log",
        "upload_file",
        "list_files",
        "show_file",
        "delete_file",
        "serve_file",
        "serve_file_head",
        "healthz",
        "readyz",
        "show_metrics",
    }


def test_codes_stand_in_the_order_of_their_statuses() -> None:
    statuses = [STATUS[code] for code in ErrorCode]

    assert statuses == sorted(statuses)


def test_an_answer_to_head_has_no_body() -> None:
    (head,) = [each for each in OPERATIONS if each.id == "serve_file_head"]

    assert [each for each in head.described["responses"].values() if "content" in each] == []


def test_the_words_at_the_beginning_explain_every_code() -> None:
    text = document()["info"]["description"]

    assert [code for code in ErrorCode if f"| {code} |" not in text] == []
