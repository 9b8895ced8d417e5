from pathlib import Path

import pytest
from msgspec.structs import replace

from renderio_box.cli import fitness
from renderio_box.cli.fitness import (
    unfit_hosts,
    unfit_listener,
    unfit_paths,
    unfit_programs,
    unfit_proxies,
)
from renderio_box.settings import Config, FfmpegConfig, SandboxConfig, ServerConfig


def with_server(**settings: object) -> Config:
    return Config(server=replace(ServerConfig(), **settings))


@pytest.mark.parametrize("entry", ["10.0.0.1", "10.0.0.0/24", "::1", "*"])
def test_a_proxy_is_an_address_or_a_network(entry: str) -> None:
    assert list(unfit_proxies(with_server(trusted_proxies=(entry,)))) == []


@pytest.mark.parametrize("entry", ["proxy.lan", "10.0.0.1/24", "http://10.0.0.1", ""])
def test_any_other_proxy_would_never_be_believed(entry: str) -> None:
    (found,) = unfit_proxies(with_server(trusted_proxies=(entry,)))

    assert (found.is_fatal, entry in found.text) == (False, True)


@pytest.mark.parametrize("entry", ["media.example.org", "*", "box", "10.0.0.1"])
def test_a_host_is_a_name(entry: str) -> None:
    assert list(unfit_hosts(with_server(hosts=(entry,)))) == []


@pytest.mark.parametrize("entry", ["https://media.example.org", "box:8420", "a/b", "", "ü.org"])
def test_no_request_comes_under_what_is_no_name(entry: str) -> None:
    (found,) = unfit_hosts(with_server(hosts=(entry,)))

    assert found.text.startswith("server.hosts: ")


def test_an_address_with_a_scheme_is_none_to_listen_on() -> None:
    (found,) = unfit_listener(with_server(host="http://127.0.0.1"))

    assert (found.is_fatal, "without scheme" in found.text) == (True, True)


@pytest.mark.parametrize(("user", "warnings"), [(1000, 1), (0, 0)])
def test_a_low_port_is_for_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, user: int, warnings: int
) -> None:
    monkeypatch.setattr(fitness, "FIRST_FREE_PORT", tmp_path / "nowhere")
    monkeypatch.setattr("os.geteuid", lambda: user)

    found = list(unfit_listener(with_server(port=443)))

    assert [each.is_fatal for each in found] == [False] * warnings


def test_programs_that_are_none_keep_the_box_from_starting() -> None:
    config = Config(ffmpeg=FfmpegConfig(ffmpeg="/etc/passwd", ffprobe="/nowhere/ffprobe"))

    found = list(unfit_programs(config))

    assert [each.is_fatal for each in found] == [True, True]
    assert "ffmpeg.ffprobe" in found[1].text


def test_what_commands_may_read_should_be_there(tmp_path: Path) -> None:
    here, gone = str(tmp_path), str(tmp_path / "gone")

    (found,) = unfit_paths(Config(sandbox=SandboxConfig(readable=(here, gone))))

    assert gone in found.text
