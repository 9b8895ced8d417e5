from ipaddress import ip_network

import pytest

from renderio_box.networks import Opened, UnusableEntryError, opened_by


def test_nothing_opens_nothing() -> None:
    assert opened_by([]) == Opened()


@pytest.mark.parametrize(
    ("entry", "network"),
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("192.168.1.7", "192.168.1.7/32"),
        ("10.0.0.0/255.0.0.0", "10.0.0.0/8"),
        ("::1", "::1/128"),
        ("fd00::/8", "fd00::/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("8.8.8.8", "8.8.8.8/32"),
    ],
)
def test_networks_and_addresses_are_read(entry: str, network: str) -> None:
    assert opened_by([entry]) == Opened((ip_network(network),))


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("nas", "nas"),
        ("NAS.lan.", "nas.lan"),
        ("my_nas-2.home.arpa", "my_nas-2.home.arpa"),
        ("xn--bcher-kva.lan", "xn--bcher-kva.lan"),
        ("1password.com", "1password.com"),
    ],
)
def test_names_are_read(entry: str, name: str) -> None:
    assert opened_by([entry]) == Opened(names=frozenset({name}))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("192.168.1.7/24", r"write 192\.168\.1\.0/24 for the network, or 192\.168\.1\.7 for the"),
        ("fd00::1/64", r"write fd00::/64 for the network, or fd00::1 for the address"),
        ("169.254.0.0/16", r"is link-local \(169\.254\.0\.0/16\), which is never contacted"),
        ("169.254.169.254", r"is cloud metadata"),
        ("100.100.100.200", r"is cloud metadata"),
        ("fd00:ec2::/64", r"is cloud metadata"),
        ("fe80::/64", r"is link-local"),
        ("fe80::1%eth0", r"is link-local"),
        ("0.0.0.0", r"is unspecified"),  # noqa: S104
        ("224.0.0.0/8", r"is multicast"),
        ("255.255.255.255", r"is broadcast"),
        ("64:ff9b:1::/96", r"is IPv6 translation"),
        ("::ffff:10.0.0.0/104", r"is IPv4 written as IPv6; write it as IPv4"),
        *(
            (entry, r"is neither a network such as 192\.168\.1\.0/24, nor an address, nor a host")
            for entry in (
                *("", ".", "..", "a..b", "-a", "a-", "*.lan", "nas:80", "http://nas", "nas/"),
                *("[::1]", "127.1", "0x7f.1", "0x7f000001", "2130706433", "1.2.3.4.5", "a.1"),
                *("bücher.lan", "a b", "10.0.0.0/33", "x" * 64, "a." * 130 + "a", "u@nas"),
            )
        ),
    ],
)
def test_what_opens_nothing_is_refused(entry: str, complaint: str) -> None:
    with pytest.raises(UnusableEntryError, match=complaint):
        opened_by(["nas.lan", entry])
