from renderio_box.api.refusals import refusal, refusal_name, refusals
from renderio_box.errors import ErrorCode
from renderio_box.jobs.job import Dialect

SUBMITTING = (ErrorCode.QUEUE_FULL, ErrorCode.INVALID_COMMAND, ErrorCode.INVALID_REQUEST)


def test_codes_of_one_status_share_an_answer() -> None:
    assert refusals(SUBMITTING, Dialect.RENDERIO) == {
        400: (ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_COMMAND),
        503: (ErrorCode.QUEUE_FULL,),
    }


def test_each_dialect_has_its_own_statuses() -> None:
    assert refusals(SUBMITTING, Dialect.RENDI) == {
        400: (ErrorCode.INVALID_COMMAND,),
        422: (ErrorCode.INVALID_REQUEST,),
        503: (ErrorCode.QUEUE_FULL,),
    }


def test_each_dialect_has_its_own_answers() -> None:
    codes = (ErrorCode.UNAUTHORIZED,)

    assert refusal_name(codes, Dialect.RENDERIO) != refusal_name(codes, Dialect.RENDI)


def test_an_example_is_the_body_that_would_be_sent() -> None:
    shown = refusal((ErrorCode.UNAUTHORIZED,), Dialect.RENDI)

    content = shown["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/RendiError"}
    assert content["examples"]["UNAUTHORIZED"]["value"] == {"detail": "Invalid authorization key"}


def test_a_code_that_asks_to_come_again_says_when() -> None:
    shown = refusal((ErrorCode.FORBIDDEN, ErrorCode.STORAGE_FULL), Dialect.RENDI)

    assert shown["headers"].keys() == {"X-Request-Id", "Retry-After"}
