import os
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
import structlog

from renderio_box.companions import accompanied_by
from renderio_box.settings import ServerConfig
from renderio_box.tls import (
    Certificate,
    CertificateError,
    Pair,
    certificate_of,
    handshake,
    pinned,
)
from tests.certificates import make_pair, needs_openssl
from tests.fakes import ManualClock

pytestmark = needs_openssl


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Pair:
    """Another pair, elsewhere."""
    (tmp_path / "other").mkdir()
    return make_pair(tmp_path / "other", "other.example.org")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("renderio_box.tls.LOOKED_EVERY_S", 0.02)


def put(new: Pair, old: Pair) -> None:
    """Have one pair take the place of another, a file at a time, as who renews them does."""
    for source, target in ((new.certificate, old.certificate), (new.key, old.key)):
        shutil.copy(source, target.with_suffix(".arriving"))
        target.with_suffix(".arriving").replace(target)


async def until(is_so: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not is_so():  # noqa: ASYNC110 - a log has no event
            await anyio.sleep(0.01)


def test_without_the_settings_there_is_no_certificate(clock: ManualClock) -> None:
    assert certificate_of(ServerConfig(), clock) is None


def test_a_client_that_knows_the_certificate_trusts_who_holds_its_key(
    pair: Pair, clock: ManualClock
) -> None:
    certificate = Certificate(pair, clock)

    shaken = handshake(certificate.context, pinned(certificate.pem))

    assert shaken.version() == "TLSv1.3"


def test_a_client_that_knows_another_certificate_trusts_nobody(
    pair: Pair, other: Pair, clock: ManualClock
) -> None:
    certificate = Certificate(pair, clock)

    with pytest.raises(OSError, match="certificate verify failed"):
        handshake(certificate.context, pinned(other.certificate.read_text()))


def test_what_a_certificate_leads_to_is_not_pinned(
    pair: Pair, other: Pair, clock: ManualClock
) -> None:
    chain = pair.certificate.read_text() + other.certificate.read_text()
    pair.certificate.write_text(chain)

    assert Certificate(pair, clock).pem == chain[: len(chain) - len(other.certificate.read_text())]


def no_certificate(pair: Pair) -> None:
    pair.certificate.write_text("no certificate")


def damaged_key(pair: Pair) -> None:
    pair.key.write_text("no key")


def missing_key(pair: Pair) -> None:
    pair.key.unlink()


def locked_key(pair: Pair) -> None:
    pair.key.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")


def foreign_key(pair: Pair) -> None:
    (pair.key.parent / "foreign").mkdir()
    shutil.copy(make_pair(pair.key.parent / "foreign").key, pair.key)


WRONG = pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_certificate, "holds no certificate in PEM form"),
        (damaged_key, "is damaged, or OpenSSL does not take it"),
        (missing_key, "cannot be read: No such file"),
        (locked_key, "needs a passphrase"),
        (foreign_key, "do not belong together"),
    ],
)


@WRONG
def test_a_pair_that_cannot_be_used_is_refused_at_the_start(
    pair: Pair, clock: ManualClock, spoil: Callable[[Pair], None], said: str
) -> None:
    spoil(pair)

    with pytest.raises(CertificateError, match=rf"server\.tls_key: .*{said}"):
        Certificate(pair, clock)


@WRONG
async def test_a_pair_that_is_spoilt_while_the_box_runs_changes_nothing_but_the_log(
    pair: Pair, clock: ManualClock, spoil: Callable[[Pair], None], said: str
) -> None:
    certificate = Certificate(pair, clock)
    before = certificate.context

    with structlog.testing.capture_logs() as lines:
        async with accompanied_by(certificate.keep_fresh):
            spoil(pair)
            await until(lambda: any(line["event"] == "certificate_unusable" for line in lines))

    assert certificate.context is before
    assert said.partition(":")[0] in str(lines)


async def test_a_pair_that_was_renewed_is_shown_to_who_comes_then(
    pair: Pair, other: Pair, clock: ManualClock
) -> None:
    certificate = Certificate(pair, clock)
    renewed = certificate.renewed

    async with accompanied_by(certificate.keep_fresh):
        put(other, pair)
        with anyio.fail_after(10):
            await renewed.wait()

    assert certificate.pem == other.certificate.read_text()
    handshake(certificate.context, pinned(certificate.pem))


async def test_a_link_that_leads_elsewhere_is_a_change(
    pair: Pair, other: Pair, tmp_path: Path, clock: ManualClock
) -> None:
    live = Pair(tmp_path / "live.pem", tmp_path / "live.key")
    live.certificate.symlink_to(pair.certificate)
    live.key.symlink_to(pair.key)
    certificate = Certificate(live, clock)

    async with accompanied_by(certificate.keep_fresh):
        for link, target in ((live.certificate, other.certificate), (live.key, other.key)):
            link.unlink()
            link.symlink_to(target)
        await until(lambda: certificate.pem == other.certificate.read_text())


async def test_a_signal_has_the_files_looked_at_at_once(
    pair: Pair, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderio_box.tls.LOOKED_EVERY_S", 600.0)
    certificate = Certificate(pair, clock)
    before = certificate.context

    async with accompanied_by(certificate.keep_fresh):
        await until(lambda: signal.getsignal(signal.SIGHUP) != signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: certificate.context is not before)


def test_a_certificate_that_has_expired_is_shown_with_a_warning(
    pair: Pair, clock: ManualClock
) -> None:
    clock.jump(timedelta(days=400))
    with structlog.testing.capture_logs() as lines:
        Certificate(pair, clock)

    assert [line["event"] for line in lines] == ["certificate_loaded", "certificate_expired"]


def test_a_key_that_everybody_may_read_is_told_of(pair: Pair, clock: ManualClock) -> None:
    pair.key.chmod(0o644)

    with structlog.testing.capture_logs() as lines:
        Certificate(pair, clock)

    assert "key_open_to_others" in {line["event"] for line in lines}
