"""A box that speaks TLS itself, with a certificate for a name that this machine does not have."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from renderio_box.tls import Pair, pinned
from tests.certificates import make_pair, needs_openssl
from tests.running_box import RunningBox, cli, eventually, running_box

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("certificate"))


def settings(pair: Pair) -> dict[str, str]:
    return {
        "RENDERIO_SERVER_TLS_CERTIFICATE": str(pair.certificate),
        "RENDERIO_SERVER_TLS_KEY": str(pair.key),
    }


@pytest.fixture(scope="module")
def encrypted(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBox]:
    with running_box(tmp_path_factory.mktemp("box") / "data", **settings(pair)) as box:
        yield box


def test_the_commands_of_this_machine_reach_it(
    encrypted: RunningBox, clip: Path, tmp_path: Path
) -> None:
    ran = cli(
        *("run", "--data", encrypted.data, "-i", clip, "-o", tmp_path / "small.mp4"),
        *("--", "-i", "{{in_1}}", "-vf", "scale=32:-2", "{{out_1}}"),
    )

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "small.mp4").read_bytes()[4:8] == b"ftyp"
    assert cli("keys", "list", "--data", encrypted.data).returncode == 0


def test_addresses_that_it_hands_out_are_https(encrypted: RunningBox) -> None:
    stored = encrypted.upload_bytes("a.txt", b"hello")

    assert encrypted.url.startswith("https://")
    assert stored["storage_url"].startswith(f"{encrypted.url}/files/")
    assert encrypted.download(stored["storage_url"]) == b"hello"


def test_who_does_not_know_the_certificate_does_not_trust_it(encrypted: RunningBox) -> None:
    refused = cli("run", "--url", encrypted.url, "--key", "x", "-o", "a.mp4", "--", "{{out_1}}")

    assert refused.returncode == 3
    assert "certificate verify failed" in refused.stderr


def test_plain_http_ends_at_once(encrypted: RunningBox) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(encrypted.url.replace("https", "http") + "/healthz", trust_env=False)


def test_a_renewed_certificate_is_shown_and_the_commands_know_it(
    encrypted: RunningBox, pair: Pair
) -> None:
    before = pair.certificate.read_text()
    make_pair(pair.certificate.parent, "renewed.example.org")
    encrypted.process.send_signal(1)
    eventually(
        lambda: json.loads((encrypted.data / "server.json").read_text())["certificate"] != before
    )

    url = f"{encrypted.url}/healthz"
    answer = httpx.get(url, verify=pinned(pair.certificate.read_text()), trust_env=False)
    assert answer.status_code == 200
    assert cli("keys", "list", "--data", encrypted.data).returncode == 0


@pytest.mark.parametrize("missing", ["RENDERIO_SERVER_TLS_KEY", "RENDERIO_SERVER_TLS_CERTIFICATE"])
def test_one_file_without_the_other_is_a_wrong_setting(
    pair: Pair, tmp_path: Path, missing: str
) -> None:
    refused = cli("serve", "--data", tmp_path, **(settings(pair) | {missing: ""}))

    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "belong together" in refused.stderr


def test_a_box_does_not_start_with_files_that_cannot_be_used(pair: Pair, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("no key")

    refused = cli("serve", "--data", tmp_path / "data", **settings(Pair(pair.certificate, key)))

    assert (refused.returncode, refused.stderr.count("\n")) == (4, 1)
    assert "server.tls_key" in refused.stderr
    assert not (tmp_path / "data").exists()
