from structlog.testing import capture_logs

from renderio_box.ground import tell_networks
from renderio_box.settings import Config, NetworkConfig


def test_a_default_start_says_which_setting_opens_networks() -> None:
    with capture_logs() as lines:
        tell_networks(Config())

    [line] = lines
    assert (line["log_level"], line["public"], line["also"]) == ("info", True, "none")
    assert "network.allow" in line["hint"]


def test_a_start_says_which_networks_are_open() -> None:
    with capture_logs() as lines:
        tell_networks(Config(network=NetworkConfig(allow=("192.168.1.0/24", "nas.lan"))))

    assert [line["also"] for line in lines] == ["192.168.1.0/24, nas.lan"]
