import re

import pytest
from msgspec.structs import replace

from renderio_box.api.llms import FILTERS, Offer, limits, listed, page
from renderio_box.jobs.recipes import SYSTEM_PRESETS
from renderio_box.settings import Config, JobsConfig, ServerConfig
from tests.description import operation_at

OFFER = Offer(
    config=Config(),
    vcpus=4,
    ffmpeg_version="7.1",
    encoders=frozenset({"libx264", "h264_nvenc"}),
    filters=frozenset(FILTERS),
)
PAGE = page(OFFER, base="http://box.test/sub")


def line_with(text: str) -> str:
    (line,) = [line for line in PAGE.splitlines() if text in line]
    return line


def test_the_page_is_short_enough_to_be_read_whole() -> None:
    assert len(PAGE.splitlines()) < 250


def test_no_place_on_the_page_is_left_empty() -> None:
    assert re.findall(r"@\w+@", PAGE) == []


def test_the_page_says_how_the_box_is_reached() -> None:
    assert "export BOX=http://box.test/sub\n" in PAGE


def test_the_page_names_encoders_of_note_that_there_are_and_no_others() -> None:
    assert line_with("Encoders of note").endswith(": libx264.")
    assert "h264_nvenc" not in PAGE


def test_the_page_names_encoders_that_are_missing() -> None:
    assert "libx265, " in line_with("It lacks: libx265")


def test_a_build_that_has_everything_lacks_nothing() -> None:
    assert line_with("Filters that not every build has").endswith("It lacks: none of note.")


def test_the_page_names_every_preset_of_the_box_with_its_inputs() -> None:
    for preset_id, preset in SYSTEM_PRESETS.items():
        inputs = ", ".join(preset.recipe.inputs)

        assert line_with(preset_id) == f"- {preset.recipe.name} (`{preset_id}`: {inputs})"


def test_the_page_tells_the_limits_as_they_are_configured() -> None:
    config = Config(jobs=JobsConfig(default_run_seconds=7, max_run_seconds=11, max_queued=13))

    text = limits(config, vcpus=3)

    assert "7 s unless" in text
    assert "at most 11 s" in text
    assert "Waiting commands: 13" in text
    assert "CPUs for all commands together: 3" in text


def test_a_limit_on_each_owners_commands_is_told_where_there_is_one() -> None:
    limited = Config(jobs=JobsConfig(max_queued_per_owner=5))

    assert "Waiting commands of one owner: 5." in limits(limited, vcpus=1)
    assert "of one owner" not in limits(Config(), vcpus=1)


def test_a_limit_on_requests_is_told_where_there_is_one() -> None:
    limited = Config(server=ServerConfig(requests_per_minute=90))

    assert "Requests: 90 a minute" in limits(limited, vcpus=1)
    assert "Requests:" not in limits(Config(), vcpus=1)


@pytest.mark.parametrize(
    ("method", "path"),
    re.findall(r"`(GET|POST|PUT|DELETE) (/(?:api/)?v1/[\w/{}-]+)", PAGE),
)
def test_every_address_on_the_page_is_one_of_the_api(method: str, path: str) -> None:
    assert operation_at(method, path) is not None


def test_every_code_is_on_the_page() -> None:
    assert "| 401 | UNAUTHORIZED |" in PAGE
    assert "| OUT_OF_MEMORY |" in PAGE


def test_the_page_is_another_for_another_box() -> None:
    assert page(replace(OFFER, ffmpeg_version="8.0"), base="http://other.test") != PAGE


def test_nothing_is_listed_as_nothing() -> None:
    assert listed([]) == "none of note"


@pytest.mark.parametrize("field", ["suggestion", "verification", "waiting_for"])
def test_the_page_explains_what_a_poll_has_beyond_the_services(field: str) -> None:
    assert f"`{field}`" in PAGE
