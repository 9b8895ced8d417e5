import re
from pathlib import Path

import pytest

from renderio_box.config import ConfigError, load, read
from renderio_box.places import config_file, data_directory
from renderio_box.settings import Config


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, {})


def test_without_a_file_and_without_variables_everything_has_its_default() -> None:
    assert load(None, {}) == Config()


def test_an_empty_file_leaves_every_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == Config()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    config = loaded(tmp_path, '[server]\nport = 9000\ntrusted_proxies = ["10.0.0.1"]')

    assert (config.server.port, config.server.trusted_proxies, config.server.host) == (
        9000,
        ("10.0.0.1",),
        "127.0.0.1",
    )


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nport = 9000\n", encoding="utf-8")

    assert load(path, {"RENDERIO_SERVER_PORT": "9001"}).server.port == 9001


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("RENDERIO_SERVER_HOST", "0.0.0.0", lambda config: config.server.host),  # noqa: S104
        ("RENDERIO_SERVER_PUBLIC_URL", "https://a.b/c", lambda config: config.server.public_url),
        ("RENDERIO_LOG_FORMAT", "json", lambda config: config.log.format),
        ("RENDERIO_FFMPEG_FFMPEG", "/opt/ffmpeg", lambda config: config.ffmpeg.ffmpeg),
        ("RENDERIO_JOBS_MAX_RUN_SECONDS", 7200, lambda config: config.jobs.max_run_seconds),
        ("RENDERIO_SERVER_DRAIN_SECONDS", 0.5, lambda config: config.server.drain_seconds),
    ],
)
def test_a_variable_is_read_as_its_setting_wants(variable: str, value: object, read) -> None:  # noqa: ANN001
    assert read(load(None, {variable: str(value)})) == value


def test_a_list_is_comma_separated_in_a_variable() -> None:
    config = load(None, {"RENDERIO_SERVER_TRUSTED_PROXIES": "10.0.0.1,10.0.0.2"})

    assert config.server.trusted_proxies == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    "name", ["PATH", "RENDERIO_URL", "RENDERIO_KEY", "RENDERIO_DATA", "RENDERIO_CONFIG"]
)
def test_variables_that_are_no_settings_are_left_alone(name: str) -> None:
    assert load(None, {name: "x"}) == Config()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprot = 1", r"no setting server\.prot; did you mean server\.port\?"),
        ("[sever]\nport = 1", r"no setting sever; did you mean server\?"),
        ("[qqq]\nx = 1", r"no setting qqq; config\.example\.toml lists all settings\."),
        ('[server]\nport = "9000"', r"server\.port is wrong: expected a whole number, got text\."),
        ("[server]\nport = 70000", r"server\.port is wrong: expected a whole number <= 65535\."),
        ("[jobs]\nnice = 20", r"jobs\.nice is wrong"),
        (
            '[log]\nlevel = "loud"',
            r"log\.level is wrong: write \"debug\", \"info\", \"warning\" or \"error\"\.",
        ),
        ('[server]\npublic_url = "media.example.org"', r"server\.public_url is wrong"),
        ('[server]\npublic_url = "https://a/?b"', r"server\.public_url is wrong"),
        (
            "[server]\ntrusted_proxies = [1]",
            r"server\.trusted_proxies\[0\] is wrong: expected text",
        ),
        (
            '[hardware]\ndevices = ["renderD128"]',
            r"hardware\.devices\[0\] is wrong: write absolute paths of devices",
        ),
        ("[server]\ndrain_seconds = 0", r"server\.drain_seconds is wrong"),
        ("server = 1", r"server is wrong: expected a table, got a whole number\."),
        ("[server", r"is not valid TOML"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        loaded(tmp_path, text)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"# caf\xe9\n")

    with pytest.raises(ConfigError, match="is not valid TOML"):
        load(path, {})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*: No such file or directory\."):
        load(tmp_path / "config.toml", {})


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("RENDERIO_SERVER_PORT", "many", r"variable RENDERIO_SERVER_PORT: server\.port is wrong"),
        ("RENDERIO_SERVER_PROT", "1", r"is no setting; did you mean RENDERIO_SERVER_PORT\?"),
        ("RENDERIO_SERVER", "x", r"RENDERIO_SERVER is no setting"),
        ("RENDERIO_", "x", r"RENDERIO_ is no setting"),
    ],
)
def test_a_variable_that_does_not_fit_is_named(variable: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        load(None, {variable: value})


def test_a_default_time_limit_above_the_largest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"default_run_seconds \(9\) is more than .* \(5\)"):
        loaded(tmp_path, "[jobs]\ndefault_run_seconds = 9\nmax_run_seconds = 5")


def test_an_entry_that_opens_nothing_is_refused(tmp_path: Path) -> None:
    complaint = r"network\.allow is wrong: 192\.168\.1\.7/24 is one address and a network at once"

    with pytest.raises(ConfigError, match=complaint):
        loaded(tmp_path, '[network]\nallow = ["192.168.1.7/24"]')


def test_networks_are_comma_separated_in_a_variable() -> None:
    config = load(None, {"RENDERIO_NETWORK_ALLOW": "192.168.1.0/24, nas.lan,::1"})

    assert config.network.allow == ("192.168.1.0/24", "nas.lan", "::1")


def test_settings_are_checked_together_only_when_all_are_known() -> None:
    config = load(
        None, {"RENDERIO_JOBS_MAX_RUN_SECONDS": "5", "RENDERIO_JOBS_DEFAULT_RUN_SECONDS": "5"}
    )

    assert config.jobs.max_run_seconds == 5


@pytest.mark.parametrize(
    ("chosen", "environment", "directory"),
    [
        (Path("/a"), {"RENDERIO_DATA": "/b"}, "/a"),
        (None, {"RENDERIO_DATA": "/b"}, "/b"),
    ],
)
def test_the_data_directory_is_the_chosen_one(
    chosen: Path | None, environment: dict[str, str], directory: str
) -> None:
    assert data_directory(chosen, environment) == Path(directory)


@pytest.mark.parametrize("environment", [{}, {"RENDERIO_DATA": ""}])
def test_the_usual_data_directory_bears_our_name(environment: dict[str, str]) -> None:
    directory = data_directory(None, environment)

    assert (directory.name, directory.is_absolute()) == ("renderio-box", True)


@pytest.mark.parametrize(
    ("value", "proxies"),
    [("", ()), ("10.0.0.1, 10.0.0.2", ("10.0.0.1", "10.0.0.2")), ("10.0.0.1,", ("10.0.0.1",))],
)
def test_blanks_and_empty_entries_of_a_list_do_not_count(
    value: str, proxies: tuple[str, ...]
) -> None:
    config = load(None, {"RENDERIO_SERVER_TRUSTED_PROXIES": value})

    assert config.server.trusted_proxies == proxies


@pytest.mark.parametrize("hours", ["1", "23"])
def test_commands_are_kept_as_long_as_idempotency_keys_hold(hours: str) -> None:
    with pytest.raises(ConfigError, match=rf"retention.commands_hours \({hours}\)"):
        load(None, {"RENDERIO_RETENTION_COMMANDS_HOURS": hours})


@pytest.mark.parametrize("hours", [0, 24])
def test_commands_may_be_kept_for_a_day_or_for_ever(hours: int) -> None:
    config = load(None, {"RENDERIO_RETENTION_COMMANDS_HOURS": str(hours)})

    assert config.retention.commands_hours == hours


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('windows = ["22-06"]', "pause.windows is wrong: '22-06' is no window; write one such as"),
        ('windows = ["00:00-24:00"]', "pause.windows is wrong: these windows cover the whole week"),
        ('windows = "22:00-06:00"', "pause.windows is wrong"),
        ('timezone = "Europe/Berlyn"', "pause.timezone is wrong: this machine knows no time zone"),
    ],
)
def test_quiet_hours_that_cannot_be_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        loaded(tmp_path, f"[pause]\n{text}")


def test_quiet_hours_can_come_from_the_environment() -> None:
    config = load(None, {"RENDERIO_PAUSE_WINDOWS": "22:00-06:00, Mon-Fri 08:00-18:00"})

    assert config.pause.windows == ("22:00-06:00", "Mon-Fri 08:00-18:00")


def test_everything_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[server]\nprot = 1\nport = 9000\n[log]\nlevel = "loud"\n[qqq]\n')

    reading = read(path, {"RENDERIO_JOBS_NICE": "many", "RENDERIO_PAUSE_TIMEZONE": "Mars"})

    named = ("server.prot", "log.level", "qqq", "jobs.nice", "pause.timezone")
    assert all(name in str(problem) for name, problem in zip(named, reading.problems, strict=True))
    assert (reading.config.server.port, reading.config.jobs.nice) == (9000, Config().jobs.nice)


def test_a_setting_knows_who_set_it(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nport = 9000\ndrain_seconds = 5\n")

    reading = read(path, {"RENDERIO_SERVER_PORT": "9001", "RENDERIO_DATA": "/x"})

    assert reading.origins == {
        "server.port": "RENDERIO_SERVER_PORT",
        "server.drain_seconds": str(path),
    }


def test_a_setting_that_cannot_be_used_does_not_hide_who_set_the_one_that_can(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nport = 9000\n")

    reading = read(path, {"RENDERIO_SERVER_PORT": "many"})

    assert (reading.config.server.port, reading.origins["server.port"]) == (9000, str(path))


@pytest.mark.parametrize(
    ("chosen", "named", "expected"),
    [(Path("a"), "b", Path("a")), (None, "b", Path("b")), (None, "", None)],
)
def test_the_file_is_the_chosen_one_or_that_of_the_environment(
    chosen: Path | None, named: str, expected: Path | None
) -> None:
    assert config_file(chosen, {"RENDERIO_CONFIG": named}) == expected
