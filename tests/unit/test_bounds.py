from datetime import timedelta
from pathlib import Path

import pytest

from renderio_box.bounds import (
    MEBIBYTE,
    device_set,
    download_bounds,
    job_limits,
    job_memory_bytes,
    need_bounds,
    network_policy,
    resource_limits,
    retention_terms,
    upload_terms,
    watch_bounds,
)
from renderio_box.jobs.uploads import PART_BYTES
from renderio_box.machine import physical_memory_bytes, usable_memory_bytes
from renderio_box.settings import (
    Config,
    HardwareConfig,
    InputsConfig,
    JobsConfig,
    NetworkConfig,
    RetentionConfig,
    StorageConfig,
)


def test_sizes_are_set_in_mebibytes() -> None:
    config = Config(
        jobs=JobsConfig(memory_mbytes=3, output_mbytes=5), inputs=InputsConfig(max_mbytes=7)
    )

    limits = resource_limits(config)

    assert (limits.memory_bytes, limits.file_bytes, download_bounds(config).max_bytes) == (
        3 * MEBIBYTE,
        5 * MEBIBYTE,
        7 * MEBIBYTE,
    )


def test_a_command_may_use_half_of_the_memory_unless_the_operator_says_otherwise() -> None:
    assert resource_limits(Config()).memory_bytes == physical_memory_bytes() // 2


@pytest.mark.parametrize(("workspace_mbytes", "mbytes"), [(0, 20), (3, 3), (7, 7)])
def test_a_workspace_has_room_for_four_outputs_unless_the_operator_says_otherwise(
    workspace_mbytes: int, mbytes: int
) -> None:
    jobs = JobsConfig(output_mbytes=5, workspace_mbytes=workspace_mbytes)

    assert watch_bounds(Config(jobs=jobs)).max_bytes == mbytes * MEBIBYTE


def test_a_run_is_watched_as_is_set() -> None:
    bounds = watch_bounds(Config(jobs=JobsConfig(stall_seconds=7, workspace_files=9)))

    assert (bounds.stall_seconds, bounds.max_files) == (7, 9)


def test_uploads_are_awaited_for_as_many_hours_as_are_set() -> None:
    terms = upload_terms(Config(storage=StorageConfig(upload_hours=3)))

    assert (terms.kept_for, terms.part_bytes) == (timedelta(hours=3), PART_BYTES)


def test_commands_may_ask_for_what_is_set() -> None:
    limits = job_limits(Config(jobs=JobsConfig(default_run_seconds=5, max_run_seconds=9)), vcpus=2)

    assert (limits.default_run_seconds, limits.max_run_seconds, limits.vcpus) == (5, 9, 2)


def test_networks_are_opened_as_set() -> None:
    policy = network_policy(Config(network=NetworkConfig(allow=("192.168.1.0/24",))))

    assert policy.judge("192.168.1.7", host="nas.lan").is_allowed
    assert not network_policy(Config()).judge("192.168.1.7", host="nas.lan").is_allowed


def test_what_is_kept_for_no_hours_is_kept_for_ever() -> None:
    terms = retention_terms(Config(retention=RetentionConfig(outputs_hours=2)))

    assert (terms.outputs, terms.uploads, terms.total_bytes) == (timedelta(hours=2), None, None)


def test_logs_events_and_deliveries_are_kept_for_a_month_and_commands_for_three() -> None:
    terms = retention_terms(Config())

    assert {terms.logs, terms.events, terms.deliveries} == {timedelta(days=30)}
    assert terms.commands == timedelta(days=90)


def test_files_are_bounded_in_mebibytes() -> None:
    terms = retention_terms(Config(retention=RetentionConfig(total_mbytes=3)))

    assert terms.total_bytes == 3 * MEBIBYTE


def test_commands_share_what_the_box_does_not_need_unless_the_operator_says_otherwise() -> None:
    chosen = Config(jobs=JobsConfig(total_memory_mbytes=7))

    assert job_memory_bytes(chosen) == 7 * MEBIBYTE
    assert usable_memory_bytes() * 3 // 4 <= job_memory_bytes(Config()) < usable_memory_bytes()


def test_no_guess_of_memory_is_above_what_all_commands_share() -> None:
    bounds = need_bounds(Config(jobs=JobsConfig(memory_mbytes=9, total_memory_mbytes=7)))

    assert bounds.memory_bytes == 7 * MEBIBYTE


def test_no_guess_of_disk_is_above_what_a_command_may_write() -> None:
    config = Config(
        jobs=JobsConfig(output_mbytes=3, workspace_mbytes=5), inputs=InputsConfig(max_mbytes=2)
    )

    bounds = need_bounds(config)

    sizes = (bounds.input_bytes, bounds.output_bytes, bounds.workspace_bytes)
    assert sizes == (2 * MEBIBYTE, 3 * MEBIBYTE, 5 * MEBIBYTE)


async def test_commands_may_use_the_devices_of_the_configuration_and_by_default_none() -> None:
    encode = ("-i", "a", "-c:v", "h264_vaapi", "b")
    configured = Config(hardware=HardwareConfig(devices=("/dev/null",)))

    given = [await device_set(each).given(encode) for each in (Config(), configured)]

    assert [each.nodes for each in given] == [(), (Path("/dev/null"),)]
