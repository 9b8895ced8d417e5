from typing import Any

import msgspec
import pytest

from renderio_box.api.envelopes import Fault, Problem, dialect_of, error_body
from renderio_box.errors import ErrorCode
from renderio_box.jobs.job import Dialect

BAD_SOURCE = Fault(("input_files", "in_video"), "is no URL")
BAD_LIMIT = Fault(("limit",), "is too small", "query")


def body(problem: Problem, dialect: Dialect) -> Any:  # noqa: ANN401 - any JSON
    return msgspec.json.decode(msgspec.json.encode(error_body(problem, dialect)))


def in_renderio(code: ErrorCode, *faults: Fault) -> Any:  # noqa: ANN401 - any JSON
    return body(Problem(code, "It cannot be.", faults), Dialect.RENDERIO)


def in_rendi(code: ErrorCode, *faults: Fault) -> Any:  # noqa: ANN401 - any JSON
    return body(Problem(code, "It cannot be.", faults), Dialect.RENDI)["detail"]


def scope_of(path: str, **more: str) -> Any:  # noqa: ANN401 - a part of a scope
    return {"type": "http", "path": path, **more}


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/commands", "/v1/nothing/at/all", "//v1/x"])
def test_what_is_under_v1_speaks_as_rendi_does(path: str) -> None:
    assert dialect_of(scope_of(path)) is Dialect.RENDI


@pytest.mark.parametrize(
    "path",
    ["", "/", "/api/v1/commands", "/api/v1", "/v1x", "/v12/commands", "/V1/x", "/files/v1/x"],
)
def test_everything_else_speaks_as_renderio_does(path: str) -> None:
    assert dialect_of(scope_of(path)) is Dialect.RENDERIO


@pytest.mark.parametrize(
    ("path", "root_path", "dialect"),
    [
        ("/box/v1/nothing", "/box", Dialect.RENDI),
        ("/box/api/v1/nothing", "/box", Dialect.RENDERIO),
        ("/v1/v1/nothing", "/v1", Dialect.RENDI),
        ("/v1/api/v1/nothing", "/v1", Dialect.RENDERIO),
    ],
)
def test_the_prefix_of_a_sub_path_deployment_does_not_count(
    path: str, root_path: str, dialect: Dialect
) -> None:
    assert dialect_of(scope_of(path, root_path=root_path)) is dialect


def test_a_prefix_that_routing_has_taken_off_is_not_taken_off_again() -> None:
    routed = scope_of("/v1/commands", root_path="/v1", path_template="/v1/commands")

    assert dialect_of(routed) is Dialect.RENDI


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_problem_has_its_code_in_renderios_envelope(code: ErrorCode) -> None:
    assert in_renderio(code) == {"error": code.value, "message": "It cannot be."}


def test_a_fault_in_renderios_envelope_has_its_path_alone() -> None:
    assert in_renderio(ErrorCode.INVALID_COMMAND, BAD_SOURCE)["detail"] == [
        {"loc": ["input_files", "in_video"], "msg": "is no URL", "type": "value_error"}
    ]


def test_a_fault_without_a_path_in_renderios_envelope_has_its_part() -> None:
    faulty = in_renderio(ErrorCode.INVALID_REQUEST, Fault((), "is no object"))

    assert faulty["detail"][0]["loc"] == ["body"]


SAID_BY_RENDI = {
    ErrorCode.UNAUTHORIZED: "Invalid authorization key",
    ErrorCode.STORAGE_FULL: "Account has passed its' storage quota",
}
LISTED = {ErrorCode.INVALID_REQUEST, ErrorCode.VALIDATION_ERROR}


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - LISTED))
def test_most_problems_are_one_text_in_rendis_envelope(code: ErrorCode) -> None:
    assert in_rendi(code, BAD_SOURCE) == SAID_BY_RENDI.get(code, "It cannot be.")


@pytest.mark.parametrize("code", sorted(LISTED))
def test_faults_in_rendis_envelope_begin_with_their_part(code: ErrorCode) -> None:
    assert in_rendi(code, BAD_SOURCE, BAD_LIMIT) == [
        {"loc": ["body", "input_files", "in_video"], "msg": "is no URL", "type": "value_error"},
        {"loc": ["query", "limit"], "msg": "is too small", "type": "value_error"},
    ]


@pytest.mark.parametrize("code", sorted(LISTED))
def test_a_body_without_a_fault_to_name_is_at_fault_itself(code: ErrorCode) -> None:
    assert in_rendi(code) == [{"loc": ["body"], "msg": "It cannot be.", "type": "value_error"}]
