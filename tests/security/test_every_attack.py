"""No attack is left out: each is made by a command here, or shown by a test that is named."""

import ast
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.security.attacks import (
    BOMB,
    BY_COMMAND,
    OUR_ATTACKS,
    PUBLISHED_ATTACKS,
    Attack,
)

ROOT: Final = Path(__file__).parents[2]
KINDS: Final = BY_COMMAND | {
    *(BOMB, "placeholder", "ssrf-download", "download", "webhook", "archive", "publish"),
    *("static", "api", "reliability"),
}
AT_LEAST: Final = 80

ADDRESSES: Final = "security/test_addresses.py::"
REFUSED: Final = f"{ADDRESSES}test_what_is_not_public_is_refused_without_a_connection"
DOWNLOADS: Final = "integration/test_downloads.py::"
ODD: Final = "security/test_odd_requests.py::"
DOOR: Final = "integration/test_door.py::"
SLOW: Final = "security/test_slow_clients.py::"
HAVOC: Final = "integration/test_havoc.py::"
PUBLISHED_SHOWN_BY: Final = {
    "ssrf-literal-loopback": REFUSED,
    "ssrf-decimal-ip": REFUSED,
    "ssrf-octal-ip": REFUSED,
    "ssrf-zero-ip": f"{ADDRESSES}test_some_addresses_are_refused_whatever_is_opened",
    "ssrf-ideographic-dot": REFUSED,
    "ssrf-ipv4-mapped": REFUSED,
    "ssrf-sixtofour": REFUSED,
    "ssrf-alibaba-metadata": f"{ADDRESSES}test_some_addresses_are_refused_whatever_is_opened",
    "ssrf-name-to-private": f"{ADDRESSES}test_a_name_is_judged_by_its_addresses",
    "ssrf-dns-rebinding": (
        f"{ADDRESSES}test_a_name_that_changes_between_check_and_connection_is_looked_up_once"
    ),
    "ssrf-redirect-to-file": f"{ADDRESSES}test_a_redirect_to_another_scheme_is_not_followed",
    "ssrf-userinfo": f"{ADDRESSES}test_user_info_is_sent_to_its_own_origin_only",
    "ssrf-file-scheme": "integration/test_requests.py::test_a_source_that_is_none_is_named",
    "ssrf-crlf-in-url": "security/test_slow_servers.py::test_no_address_adds_a_header",
    "ssrf-unix-socket": "integration/test_requests.py::test_a_source_that_is_none_is_named",
    "dl-content-length-huge": f"{DOWNLOADS}test_a_file_over_the_limit_is_too_large",
    "dl-content-length-lie-long": f"{DOWNLOADS}test_no_more_is_read_than_was_announced",
    "dl-gzip-bomb": f"{DOWNLOADS}test_a_compressed_body_is_refused",
    "dl-drip-header": "security/test_slow_servers.py::test_a_server_that_drips_is_given_up_in_time",
    "dl-many-1xx": f"{DOWNLOADS}test_an_answer_that_does_not_come_to_its_body_is_given_up",
    "dl-wrong-type": f"{ODD}test_a_page_in_place_of_a_film_fails_the_command",
    "dl-slow-dns": "security/test_slow_servers.py::test_a_name_that_is_never_found_is_given_up_in_time",
    "ph-shell-metachars": f"{ODD}test_what_a_shell_would_run_is_text",
    "ph-leading-dash-output": (
        "conformance/test_command_string.py::test_such_an_output_name_is_refused"
    ),
    "ph-output-name-html": "integration/test_serving.py::test_what_a_browser_would_run_is_a_download",
    "ph-undeclared-placeholder": (
        "conformance/test_command_string.py"
        "::test_every_placeholder_is_declared_and_every_output_used"
    ),
    "ph-newline-in-command": f"{ODD}test_a_line_break_in_a_command_is_a_blank",
    "ph-10k-args": f"{ODD}test_words_without_number_are_no_failure_of_ours",
    "ph-stdout-output": f"{ODD}test_media_for_the_boxs_own_channels_end_up_nowhere",
    "ph-metadata-progress-spoof": f"{ODD}test_text_that_reads_like_progress_is_no_progress",
    "zip-symlink-in-zip": "unit/inputs/test_archive.py::test_what_is_no_plain_file_is_refused",
    "zip-zip-bomb": (
        "integration/test_archives.py::test_an_archive_that_unpacks_to_too_much_is_refused"
    ),
    "zip-nested-zip": (
        "integration/test_archives.py::test_an_archive_in_an_archive_is_a_file_like_any_other"
    ),
    "pub-symlink-output": f"{HAVOC}test_what_is_no_plain_file_is_never_stored",
    "pub-hardlink-output": f"{HAVOC}test_what_is_no_plain_file_is_never_stored",
    "pub-dir-as-output": f"{HAVOC}test_a_folder_in_the_place_of_a_file_is_never_stored",
    "pub-undeclared-outputs": f"{HAVOC}test_what_nobody_declared_is_not_stored",
    "static-traversal-plain": f"{ODD}test_no_path_leads_out_of_what_is_served",
    "static-double-slash": f"{ODD}test_no_path_leads_out_of_what_is_served",
    "static-symlink": (
        "integration/test_serving.py::test_a_link_in_the_place_of_a_file_is_not_followed"
    ),
    "static-svg-inline": "integration/test_serving.py::test_what_a_browser_would_run_is_a_download",
    "static-signed-expired": (
        "integration/test_expiring_addresses.py"
        "::test_an_expired_address_is_answered_like_one_that_never_was"
    ),
    "static-signed-other-path": (
        "integration/test_expiring_addresses.py::test_a_seal_opens_no_other_file"
    ),
    "static-secret-in-url": "security/test_door.py::test_a_log_shows_no_secret",
    "api-no-key": "integration/test_authentication.py::test_no_address_works_without_a_key",
    "api-key-at-rest": "integration/test_keys.py::test_a_key_is_nowhere_in_the_database",
    "api-simple-request-csrf": (
        f"{DOOR}test_no_address_that_reads_json_takes_what_a_web_page_may_send"
    ),
    "api-host-spoof": f"{DOOR}test_what_needs_no_key_is_not_told_under_a_strangers_name",
    "api-deep-json": f"{DOOR}test_json_that_cannot_be_kept_is_the_callers_fault",
    "api-silent-conn": f"{SLOW}test_a_header_that_does_not_come_is_not_awaited",
    "api-conn-flood": f"{SLOW}test_silent_clients_keep_nobody_else_out",
    "api-queue-cap": "integration/test_full_queue.py::test_one_command_more_than_may_wait_is_refused",
    "api-error-detail": (
        "integration/test_problems.py::test_a_failure_of_ours_is_answered_without_its_cause"
    ),
    "api-log-injection": "security/test_door.py::test_every_line_of_a_log_is_plain_text",
    "hook-ssrf": f"{ADDRESSES}test_a_webhook_to_what_is_not_public_is_not_sent",
    "hook-redirect": "integration/test_webhook_sending.py::test_a_redirect_is_not_followed",
    "hook-big-answer": "integration/test_webhook_sending.py::test_a_body_without_an_end_is_not_read",
    "hook-crash-between-send-and-mark": (
        "integration/test_webhook_schedule.py"
        "::test_an_attempt_that_is_cut_short_is_made_again_at_the_next_start"
    ),
    "hook-410": "integration/test_webhook_schedule.py::test_the_eighth_in_a_row_disables_the_hook",
    "rel-kill9-appliance-running": (
        "media/test_restarts.py::test_ffmpeg_dies_with_a_box_that_is_killed"
    ),
    "rel-poison-job": "integration/test_queue_endings.py::test_the_third_interruption_ends_the_job",
    "rel-disk-full-state": (
        "conformance/test_errors.py::test_a_command_on_a_full_disk_is_refused_or_waits_and_says_so"
    ),
    "rel-cancel-vs-finish-race": (
        "integration/test_queue_endings.py"
        "::test_a_cancellation_wins_over_whatever_came_of_the_attempt"
    ),
    "rel-zombies": f"{ODD}test_jobs_leave_no_dead_processes",
    "rel-env-leak-bwrap": "media/test_children.py::test_ffmpeg_knows_nothing_of_our_environment",
    "rel-idempotent-retry": (
        "integration/test_idempotency.py::test_the_same_request_with_the_same_key_runs_once"
    ),
    "rel-truncated-input": f"{ODD}test_that_a_film_ends_early_is_told_in_the_log",
    "rel-clock-jump": "contract/test_clock.py::test_elapsed_time_never_goes_back",
}


@cache
def functions_of(module: Path) -> frozenset[str]:
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def is_there(test: str) -> bool:
    """Tell whether a test that is named really exists."""
    module, _, name = test.partition("::")
    path = ROOT / "tests" / module
    return path.is_file() and name in functions_of(path)


def is_made(attack: Attack) -> bool:
    """Tell whether the attack is a command that the tests of this folder run."""
    return attack.kind in BY_COMMAND or attack.kind == BOMB


def test_we_keep_enough_attacks_of_every_kind() -> None:
    kinds = Counter(attack.kind for attack in OUR_ATTACKS)

    assert kinds.keys() == KINDS
    assert len(OUR_ATTACKS) >= AT_LEAST
    assert [
        name for name, times in Counter(each.id for each in OUR_ATTACKS).items() if times > 1
    ] == []


def test_each_of_ours_is_made_or_shown() -> None:
    assert [
        attack.id
        for attack in OUR_ATTACKS
        if bool(attack.command) != is_made(attack) or is_made(attack) == bool(attack.shown_by)
    ] == []


@pytest.mark.skipif(not PUBLISHED_ATTACKS, reason="they are not here")
def test_each_published_one_is_made_or_shown() -> None:
    known = {attack.id for attack in PUBLISHED_ATTACKS if not is_made(attack)}

    assert known == PUBLISHED_SHOWN_BY.keys()


def test_whatever_is_said_to_show_an_attack_exists() -> None:
    named = {test for attack in OUR_ATTACKS for test in attack.shown_by}

    assert [test for test in (*named, *PUBLISHED_SHOWN_BY.values()) if not is_there(test)] == []
