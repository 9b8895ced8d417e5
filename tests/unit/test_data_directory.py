import stat
from base64 import b64encode
from pathlib import Path

import pytest

from renderio_box.data_directory import DataDirectory, Server, UrlKeysError

KEY = b64encode(b"k" * 32).decode()


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path)


def test_the_first_start_makes_a_key_for_storage_urls(data: DataDirectory) -> None:
    keys = data.url_keys()

    assert {version: len(key) for version, key in keys.items()} == {1: 32}


def test_later_starts_keep_it(data: DataDirectory) -> None:
    assert data.url_keys() == data.url_keys()


def test_two_boxes_have_two_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()

    assert DataDirectory(tmp_path).url_keys() != DataDirectory(tmp_path / "other").url_keys()


def test_nobody_else_may_read_it(data: DataDirectory) -> None:
    data.url_keys()

    assert stat.S_IMODE((data.root / "url_keys.json").stat().st_mode) == 0o600


def test_a_start_that_broke_off_is_no_hindrance(data: DataDirectory) -> None:
    (data.root / "url_keys.json.new").write_bytes(b'{"1":')

    assert list(data.url_keys()) == [1]


def test_further_keys_may_be_added(data: DataDirectory) -> None:
    (data.root / "url_keys.json").write_text(f'{{"1": "{KEY}", "7": "{KEY}"}}')

    assert sorted(data.url_keys()) == [1, 7]


NO_KEYS = [
    *("", "{}", "[]", "{", "\0", '{"1": "c2hvcnQ="}', '{"1": 5}'),
    *(f'{{"{version}": "{KEY}"}}' for version in ("0", "x", "10000", "-1")),
]


@pytest.mark.parametrize("content", NO_KEYS)
def test_keys_that_are_none_keep_the_box_from_starting(data: DataDirectory, content: str) -> None:
    (data.root / "url_keys.json").write_text(content)

    with pytest.raises(UrlKeysError, match="holds no keys of 32 bytes by version; restore it"):
        data.url_keys()


def test_the_first_key_is_for_the_operator_only_until_it_is_forgotten(data: DataDirectory) -> None:
    data.keep_first_key("ffsk_1")
    mode = stat.S_IMODE(data.first_key_file.stat().st_mode)
    kept = data.kept_first_key()
    data.forget_first_key()
    data.forget_first_key()

    assert (mode, kept, data.kept_first_key()) == (0o600, "ffsk_1", None)


def test_a_first_key_takes_the_place_of_one_that_a_crash_left(data: DataDirectory) -> None:
    data.keep_first_key("ffsk_1")
    data.keep_first_key("ffsk_2")

    assert data.kept_first_key() == "ffsk_2"


def test_how_the_box_is_reached_can_change_while_it_runs(data: DataDirectory) -> None:
    with data.serving(Server("https://a", "key", "old")):
        data.say_anew(Server("https://a", "key", "new"))
        said = data.server()

    assert (said, data.server()) == (Server("https://a", "key", "new"), None)
