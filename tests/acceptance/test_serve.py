"""``renderio-box serve`` as an operator meets it."""

import os
import pty
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.running_box import (
    PATIENCE_S,
    PROGRAM,
    RunningBox,
    cli,
    environment,
    eventually,
    running_box,
)

KEY = re.compile(r"^ +(ffsk_[0-9a-f]{64})$", re.MULTILINE)
ENDLESS = "-re -f lavfi -i testsrc2=size=64x36:rate=5 {{out_1}}"


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("renderio-box: ")


def first_key(box: RunningBox) -> str:
    return (box.data / "first_key").read_text().strip()


def test_the_first_start_leaves_a_key_that_works(box: RunningBox) -> None:
    key = first_key(box)

    answer = httpx.get(f"{box.url}/api/v1/keys", headers={"x-api-key": key}, trust_env=False)

    assert answer.status_code == 200


def test_a_journal_hears_where_the_first_key_is_but_not_the_key(box: RunningBox) -> None:
    said = box.stderr.read_text()

    assert (said.count("ffsk_"), box.stdout.read_text()) == (0, "")
    assert str(box.data / "first_key") in said
    assert (box.data / "first_key").stat().st_mode & 0o777 == 0o600


def test_a_terminal_is_shown_the_first_key_once_and_the_disk_keeps_none(tmp_path: Path) -> None:
    shown = on_a_terminal(tmp_path / "data")

    [key] = KEY.findall(shown)
    assert not (tmp_path / "data" / "first_key").exists()
    assert shown.count(key) == 1


def on_a_terminal(data: Path) -> str:
    """Start a box whose standard error is a terminal; return what it has said when it is ready."""
    terminal, theirs = pty.openpty()
    command = [*PROGRAM, "serve", "--data", str(data), "--port", "0"]
    with (
        os.fdopen(terminal, "rb", buffering=0) as screen,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stderr=theirs, env=environment()
        ) as box,
    ):
        os.close(theirs)
        said = b""
        while b"Your LAN" not in said and (piece := screen.read(4096)):
            said += piece
        box.terminate()
        with suppress(OSError):  # what a terminal says when nobody is left at its other end
            while screen.read(4096):
                pass
    return said.decode().replace("\r\n", "\n")


def test_a_first_key_that_nobody_took_is_told_of_again_and_one_that_is_dead_removed(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with running_box(data) as box:
        key = first_key(box)
    with running_box(data) as box:
        again = box.stderr.read_text()
        answer = httpx.delete(
            f"{box.url}/api/v1/keys/admin", headers={"x-api-key": key}, trust_env=False
        )

    with running_box(data):
        assert (answer.status_code, (data / "first_key").exists()) == (200, False)
    assert ("first_key_kept" in again, "ffsk_" in again) == (True, False)


def test_revoking_the_first_key_removes_its_file_and_says_what_is_left(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        revoked = cli("keys", "revoke", "admin", "--data", box.data)

        assert (revoked.returncode, (box.data / "first_key").exists()) == (0, False)
        assert "no key with the scope admin is left" in revoked.stderr
        assert cli("keys", "add", "boss", "--admin", "--data", box.data).returncode == 0


def test_the_data_directory_is_for_its_owner_only(box: RunningBox) -> None:
    modes = {path.name: path.stat().st_mode & 0o077 for path in [box.data, *box.data.iterdir()]}

    assert modes["data"] == 0
    assert modes["server.json"] == 0


def test_a_stopped_box_leaves_no_address_behind(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        assert box.stop() == 0

    assert not (tmp_path / "data" / "server.json").exists()


def test_ctrl_c_stops_the_box_as_sigterm_does(tmp_path: Path) -> None:
    with running_box(tmp_path / "data") as box:
        box.process.send_signal(signal.SIGINT)

        assert box.process.wait(PATIENCE_S) == 0


def test_a_second_signal_stops_the_box_at_once(tmp_path: Path) -> None:
    with running_box(tmp_path / "data", RENDERIO_SERVER_DRAIN_SECONDS="600") as box:
        command_id = box.submit(ENDLESS, {"out_1": "endless.mkv"})
        eventually(lambda: box.poll(command_id)["started_at"])
        box.process.send_signal(signal.SIGTERM)
        eventually(lambda: "stopping" in box.stderr.read_text())

        assert box.stop() == 0


def test_a_second_box_on_the_same_data_is_refused(box: RunningBox) -> None:
    refused = cli("serve", "--data", box.data, "--port", 0)

    assert (refused.returncode, one_line(refused.stderr)) == (4, True)
    assert str(box.data) in refused.stderr


def test_a_port_in_use_is_refused(box: RunningBox, tmp_path: Path) -> None:
    port = box.url.rpartition(":")[2]

    refused = cli("serve", "--data", tmp_path / "data", "--port", port)

    assert (refused.returncode, one_line(refused.stderr)) == (4, True)
    assert f"port {port}" in refused.stderr


def test_data_in_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")

    refused = cli("serve", "--data", tmp_path / "file" / "data", "--port", 0)

    assert (refused.returncode, one_line(refused.stderr)) == (4, True)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nprot = 1", "server.prot"),
        ("[jobs]\nnice = 40", "jobs.nice"),
        ("[server]\nport = 'high'", "server.port"),
        ("[sever]\nport = 1", "sever"),
        ("[server\n", "TOML"),
    ],
)
def test_a_wrong_setting_in_a_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    config = tmp_path / "config.toml"
    config.write_text(text)

    refused = cli("serve", "--data", tmp_path / "data", "--config", config)

    assert (refused.returncode, one_line(refused.stderr)) == (2, True)
    assert named in refused.stderr
    assert str(config) in refused.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RENDERIO_SERVER_PROT", "1"),
        ("RENDERIO_JOBS_NICE", "40"),
        ("RENDERIO_SERVER_PORT", "high"),
        ("RENDERIO_SERVER", "127.0.0.1"),
        ("RENDERIO_ANYTHING", ""),
    ],
)
def test_no_variable_of_ours_is_ignored(tmp_path: Path, variable: str, value: str) -> None:
    refused = cli("serve", "--data", tmp_path / "data", **{variable: value})

    assert (refused.returncode, one_line(refused.stderr)) == (2, True)
    assert variable in refused.stderr


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = cli("serve", "--data", tmp_path, RENDERIO_CONFIG=str(tmp_path / "none.toml"))

    assert (refused.returncode, one_line(refused.stderr)) == (2, True)
    assert "none.toml" in refused.stderr


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[log]\nformat = 'text'\nlevel = 'info'\n")

    with running_box(tmp_path / "data", "--config", str(config), RENDERIO_LOG_FORMAT="json") as box:
        [first, *_] = box.stderr.read_text().splitlines()

    assert first.startswith('{"')


def test_an_ffmpeg_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = cli("serve", "--data", tmp_path / "data", "--port", 0, RENDERIO_FFMPEG_FFMPEG="no")

    assert (refused.returncode, one_line(refused.stderr)) == (4, True)
    assert "ffmpeg.ffmpeg" in refused.stderr


def test_the_log_never_holds_a_key(box: RunningBox) -> None:
    assert "ffsk_" not in box.stderr.read_text()


def test_an_empty_address_is_refused(tmp_path: Path) -> None:
    by_option = cli("serve", "--data", tmp_path / "data", "--host", "")
    by_variable = cli("serve", "--data", tmp_path / "data", RENDERIO_SERVER_HOST="")

    assert (by_option.returncode, by_variable.returncode) == (2, 2)
    assert "--host" in by_option.stderr
    assert "server.host" in by_variable.stderr


def test_a_database_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "box.sqlite3").write_bytes(b"this is no database, only text" * 100)

    refused = cli("serve", "--data", data, "--port", 0)

    assert refused.returncode == 4
    assert refused.stderr.splitlines()[-1].startswith("renderio-box: cannot start: ")
    assert "Traceback" not in refused.stderr
