import uuid
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from renderio_box.identifiers import KEY_NAME, is_id, new_api_key, new_file_token, new_id

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_id(MOMENT))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_an_id_begins_with_its_time_in_milliseconds() -> None:
    milliseconds = uuid.UUID(new_id(MOMENT)).int >> 80

    assert milliseconds == int(MOMENT.timestamp() * 1000)


def test_a_microsecond_later_is_a_later_id() -> None:
    assert new_id(MOMENT) < new_id(MOMENT + timedelta(microseconds=1))


def test_two_ids_of_one_moment_differ() -> None:
    assert new_id(MOMENT) != new_id(MOMENT)


@pytest.mark.parametrize(
    "text",
    ["019caa2e-4000-7000-8000-0000000000ab", "019CAA2E-4000-7000-8000-0000000000AB"],
)
def test_an_id_is_recognised_in_either_case(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clip.mp4",
        "019caa2e400070008000000000000 0ab",
        "019caa2e40007000800000000000000ab",
        "{019caa2e-4000-7000-8000-0000000000ab}",
        "urn:uuid:019caa2e-4000-7000-8000-0000000000ab",
        "019caa2e-4000-7000-8000-0000000000ab\n",
        "019caa2e-4000-7000-8000-0000000000ag",
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert not is_id(text)


def test_a_file_token_is_43_characters_that_need_no_quoting() -> None:
    token = new_file_token()

    assert (len(token), token.replace("-", "").replace("_", "").isalnum()) == (43, True)


def test_two_file_tokens_differ() -> None:
    assert new_file_token() != new_file_token()


SECRETS = {
    "file token": lambda: urlsafe_b64decode(f"{new_file_token()}="),
    "API key": lambda: bytes.fromhex(new_api_key().removeprefix("ffsk_")),
}


@pytest.mark.parametrize("make", SECRETS.values(), ids=SECRETS)
def test_every_bit_of_a_secret_is_by_chance(make: Callable[[], bytes]) -> None:
    numbers = [int.from_bytes(make()) for _ in range(2000)]

    ones = [sum(number >> bit & 1 for number in numbers) for bit in range(256)]

    assert max(numbers).bit_length() <= 256
    assert 800 < min(ones) <= max(ones) < 1200


@pytest.mark.parametrize("make", SECRETS.values(), ids=SECRETS)
def test_secrets_are_in_no_order_of_time(make: Callable[[], bytes]) -> None:
    made = [make() for _ in range(2000)]

    rises = sum(earlier < later for earlier, later in pairwise(made))

    assert 800 < rises < 1200


def test_an_api_key_is_its_prefix_and_64_hex_digits() -> None:
    prefix, digits = new_api_key()[:5], new_api_key()[5:]

    assert (prefix, len(digits), len(bytes.fromhex(digits))) == ("ffsk_", 64, 32)


@pytest.mark.parametrize("name", ["a", "laptop", "n8n.example.org", "me@home", "x" * 64])
def test_a_key_may_have_such_a_name(name: str) -> None:
    assert KEY_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", ".a", "a b", "a\n", "é", "x" * 65])
def test_a_key_may_not_have_such_a_name(name: str) -> None:
    assert not KEY_NAME.fullmatch(name)
