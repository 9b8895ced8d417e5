import pytest

from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.networks import opened_by


def verdict(address: str, *allow: str, host: str = "x.test") -> tuple[bool, str, str]:
    """Return whether an address may be contacted, by which rule, and what would change it."""
    decided = NetworkPolicy(opened_by(allow)).judge(address, host=host)
    return decided.is_allowed, decided.rule, decided.setting


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
        *("172.15.255.255", "172.32.0.0", "192.167.1.1", "198.20.0.1", "223.255.255.255"),
        *("2606:4700::1111", "2000::1", "2003::1", "2a00:1450::1", "3fff:1000::1"),
    ],
)
def test_public_addresses_are_allowed_and_nothing_changes_that(address: str) -> None:
    assert verdict(address) == (True, "public", "")


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("127.0.0.1", "loopback (127.0.0.0/8)"),
        ("::1", "loopback (::1/128)"),
        ("10.255.255.255", "private (10.0.0.0/8)"),
        ("172.31.0.1", "private (172.16.0.0/12)"),
        ("192.168.1.7", "private (192.168.0.0/16)"),
        ("fd00::1", "private (fc00::/7)"),
        ("100.64.0.1", "shared (100.64.0.0/10)"),
        ("64:ff9b::1.1.1.1", "IPv6 translation (64:ff9b::/96)"),
        ("::ffff:192.168.1.7", "private (192.168.0.0/16)"),
    ],
)
def test_what_is_refused_names_the_range_and_the_setting(address: str, rule: str) -> None:
    assert verdict(address) == (False, rule, "network.allow")


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("169.254.169.254", "cloud metadata (169.254.169.254/32)"),
        ("169.254.0.1", "link-local (169.254.0.0/16)"),
        ("fe80::1%eth0", "link-local (fe80::/10)"),
        ("::", "unspecified (::/128)"),
        ("255.255.255.255", "broadcast (255.255.255.255/32)"),
        ("ff02::1", "multicast (ff00::/8)"),
    ],
)
@pytest.mark.parametrize("host", ["x.test", "opened.test"])
def test_no_entry_opens_what_is_never_contacted(address: str, rule: str, host: str) -> None:
    assert verdict(address, "0.0.0.0/0", "::/0", "opened.test", host=host) == (False, rule, "")


@pytest.mark.parametrize("entry", ["192.168.1.0/24", "192.168.1.7", "192.168.0.0/16"])
def test_a_network_opens_its_addresses(entry: str) -> None:
    is_allowed, rule, setting = verdict("192.168.1.7", entry)

    assert (is_allowed, setting) == (True, "network.allow")
    assert rule.startswith(f"private (192.168.0.0/16), opened by {entry}")


@pytest.mark.parametrize("entry", ["192.168.2.0/24", "192.168.1.8", "fd00::/8", "nas.lan"])
def test_a_network_opens_nothing_else(entry: str) -> None:
    assert not verdict("192.168.1.7", entry)[0]


@pytest.mark.parametrize("host", ["nas.lan", "NAS.lan", "nas.lan."])
@pytest.mark.parametrize("address", ["192.168.1.7", "127.0.0.1", "::1", "fd00::1"])
def test_a_name_opens_its_addresses(host: str, address: str) -> None:
    assert verdict(address, "Nas.Lan.", host=host)[0]


@pytest.mark.parametrize("host", ["nas", "nas.lan.evil.test", "xnas.lan", "192.168.1.7"])
def test_a_name_opens_no_other_name(host: str) -> None:
    assert not verdict("192.168.1.7", "nas.lan", host=host)[0]


def test_a_translation_that_is_opened_leads_where_its_ipv4_address_may_go() -> None:
    assert verdict("64:ff9b::1.1.1.1", "64:ff9b::/96")[0]


def test_a_translation_that_is_opened_leads_nowhere_else() -> None:
    rule = (
        "IPv6 translation (64:ff9b::/96), opened by 64:ff9b::/96, leading to private (10.0.0.0/8)"
    )

    assert verdict("64:ff9b::10.0.0.1", "64:ff9b::/96") == (False, rule, "network.allow")


def test_a_refusal_says_every_entry_that_is_missing() -> None:
    decided = NetworkPolicy().judge("64:ff9b::10.0.0.1", host="x.test")

    assert decided.entries == ("64:ff9b::a00:1", "10.0.0.1")
    assert verdict("64:ff9b::10.0.0.1", *decided.entries)[0]


def test_an_ipv4_address_written_as_ipv6_is_connected_to_as_ipv4() -> None:
    assert NetworkPolicy().judge("::ffff:1.1.1.1", host="x.test").address == "1.1.1.1"
