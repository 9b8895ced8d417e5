import pytest

from renderio_box.api.hosts import KnownHosts
from renderio_box.settings import ServerConfig


@pytest.mark.parametrize(
    "host",
    [
        *(
            "127.0.0.1",
            "127.0.0.1:8420",
            "192.168.1.5:80",
            "[::1]",
            "[fd00::5]:8420",
            "[::ffff:1.2.3.4]",
        ),
        *("localhost", "LOCALHOST:8420", "nas", "renderio_box:8420", "box.local", "box.local.:80"),
        *("box.lan", "a.b.home.arpa", "ffmpeg.internal", "box.test", "studio.example.org:1"),
    ],
)
def test_names_that_no_stranger_can_have_are_known(host: str) -> None:
    assert KnownHosts(ServerConfig(), machine="Studio.example.org").knows(host)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8420", "local.evil.example", "127.0.0.1.evil.example"),
        *(
            "1.2.3.4.5",
            "127.1",
            "0x7f.1",
            "evil-local.example",
            "notlocal.example",
            "xn--e1awd7f.com",
        ),
        *("media.example.org.evil.example", "evil.example."),
    ],
)
def test_other_names_are_not(host: str) -> None:
    config = ServerConfig(public_url="https://media.example.org/", hosts=("box.example.org",))

    assert not KnownHosts(config, machine="studio").knows(host)


@pytest.mark.parametrize(
    "host", ["media.example.org", "media.example.org:8443", "Box.example.org", "box.example.org."]
)
def test_names_that_are_set_are_known(host: str) -> None:
    config = ServerConfig(public_url="https://media.example.org/", hosts=("box.example.org",))

    assert KnownHosts(config, machine="studio").knows(host)


def test_behind_a_proxy_the_public_address_says_which_name_counts() -> None:
    config = ServerConfig(public_url="https://media.example.org", trusted_proxies=("10.0.0.1",))

    assert not KnownHosts(config, machine="").knows("evil.example")
