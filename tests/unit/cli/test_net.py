import pytest

from renderio_box.cli.net import explain, http_url
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.settings import Config, NetworkConfig


def opening(*allow: str) -> Config:
    return Config(network=NetworkConfig(allow=allow))


@pytest.mark.parametrize(
    ("url", "allow", "printed", "status"),
    [
        (
            "https://93.184.216.34/clip.mp4",
            (),
            (
                "93.184.216.34  allowed  public  no setting forbids it\n"
                "93.184.216.34 may be contacted.\n"
            ),
            ExitStatus.OK,
        ),
        (
            "http://2130706433:8080/clip.mp4",
            (),
            (
                "127.0.0.1  refused  loopback (127.0.0.0/8)"
                '  network.allow = ["127.0.0.1"] would allow it\n'
                "2130706433 may not be contacted.\n"
            ),
            ExitStatus.COMMAND_FAILED,
        ),
        (
            "http://[fd00::1]/",
            ("fd00::/8",),
            (
                "fd00::1  allowed  private (fc00::/7), opened by fd00::/8  network.allow names it\n"
                "fd00::1 may be contacted.\n"
            ),
            ExitStatus.OK,
        ),
        (
            "http://169.254.169.254/latest",
            ("0.0.0.0/0",),
            (
                "169.254.169.254  refused  cloud metadata (169.254.169.254/32)"
                "  no setting allows it\n"
                "169.254.169.254 may not be contacted.\n"
            ),
            ExitStatus.COMMAND_FAILED,
        ),
        (
            "http://[64:ff9b::10.0.0.1]/",
            (),
            (
                "64:ff9b::a00:1  refused"
                "  IPv6 translation (64:ff9b::/96), leading to private (10.0.0.0/8)"
                '  network.allow = ["64:ff9b::a00:1", "10.0.0.1"] would allow it\n'
                "64:ff9b::10.0.0.1 may not be contacted.\n"
            ),
            ExitStatus.COMMAND_FAILED,
        ),
    ],
)
async def test_every_address_is_explained(
    capsys: pytest.CaptureFixture[str],
    url: str,
    allow: tuple[str, ...],
    printed: str,
    status: ExitStatus,
) -> None:
    ended = await explain(opening(*allow), url)

    assert (ended, capsys.readouterr().out) == (status, printed)


async def test_a_name_is_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    ended = await explain(opening("localhost"), "http://localhost/")

    assert ended is ExitStatus.OK
    assert "opened by localhost" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["nas.lan", "ftp://nas.lan/x", "http://", "http://[::1", "", "/x"])
def test_what_the_box_would_not_fetch_is_wrong_usage(url: str) -> None:
    with pytest.raises(CliError) as refused:
        http_url(url)

    assert refused.value.status is ExitStatus.WRONG_USAGE


async def test_a_host_without_an_address_is_told() -> None:
    with pytest.raises(CliError, match=r"no address of 256\.1\.1\.1\.1 was found") as told:
        await explain(Config(), "http://256.1.1.1.1/")

    assert told.value.status is ExitStatus.COMMAND_FAILED
