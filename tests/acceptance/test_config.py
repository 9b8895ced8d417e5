"""``renderio-box config``: what a box would go by, and what is wrong with it."""

import json
from pathlib import Path

from tests.running_box import cli


def test_every_setting_is_shown_with_where_it_comes_from(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[server]\nport = 9000\n[log]\nlevel = "info"\n')

    shown = cli("config", "show", "--json", "--config", path, RENDERIO_JOBS_NICE="3")

    found = {each["setting"]: (each["value"], each["origin"]) for each in json.loads(shown.stdout)}
    assert shown.returncode == 0
    assert found["server.port"] == (9000, str(path))
    assert found["log.level"] == ("info", str(path))
    assert found["jobs.nice"] == (3, "RENDERIO_JOBS_NICE")
    assert found["server.host"] == ("127.0.0.1", "default")


def test_only_what_is_not_as_usual_is_shown_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[server]\nport = 9000\n[log]\nlevel = "info"\n')

    shown = cli("config", "show", "--changed", RENDERIO_CONFIG=str(path))

    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines == [["SETTING", "VALUE", "FROM"], ["server.port", "9000", str(path)]]


def test_everything_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[server]\nprot = 1\n[jobs]\nnice = 20\n[pause]\ntimezone = "Mars"\n')

    checked = cli(
        *("config", "check", "--config", path),
        RENDERIO_FFMPEG_FFMPEG="/etc/passwd",
        RENDERIO_LOG_LEVEL="loud",
    )

    problems = [line for line in checked.stderr.splitlines() if line.startswith("problem: ")]
    assert (checked.returncode, checked.stdout, len(problems)) == (4, "", 5)


def test_what_is_only_odd_is_a_warning() -> None:
    checked = cli("config", "check", RENDERIO_SERVER_HOSTS="https://media.example.org")

    assert checked.returncode == 0
    assert "warning: server.hosts" in checked.stderr
    assert "the configuration is good" in checked.stderr


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    checked = cli("config", "check", "--config", tmp_path / "typo.toml")

    assert (checked.returncode, "No such file" in checked.stderr) == (4, True)
