"""The certificate that the box shows: loaded, tried out, and loaded anew when its files change."""

import re
import signal
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio
import msgspec
import structlog
from anyio import to_thread

from renderio_box.clock import Clock
from renderio_box.settings import ServerConfig
from renderio_box.wakeup import Wakeup

log = structlog.get_logger()

LOOKED_EVERY_S: Final = 10.0
FIRST_OF_CHAIN: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", flags=re.DOTALL
)
MOST_FLIGHTS: Final = 10
"""How often the ends of a handshake take turns at most; two or three do."""
READ_BY_OTHERS: Final = 0o007
NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, for which Python has no name."""
ENCRYPTED: Final = b"ENCRYPTED"
MISMATCH: Final = "KEY_VALUES_MISMATCH"


class CertificateError(Exception):
    """Certificate and key cannot be used; the text says why, and which settings name them."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"server.tls_certificate and server.tls_key: {reason}.")


class Pair(msgspec.Struct, frozen=True):
    """The files of a certificate, its chain after it, and of its key."""

    certificate: Path
    key: Path

    def stamps(self) -> tuple[object, ...]:
        """Return what is different once one of the files is another; links are followed. Blocks."""
        return tuple(map(stamp, (self.certificate, self.key)))


class Shown(msgspec.Struct, frozen=True):
    """A pair that works: what handshakes are made with, and the certificate itself."""

    context: ssl.SSLContext
    pem: str
    ends_at: datetime


class Certificate:
    """What new connections are shown; running ones go on with what they have seen.

    Raises:
        CertificateError: The files cannot be used as they are.
    """

    def __init__(self, pair: Pair, clock: Clock) -> None:
        self.renewed = anyio.Event()
        self._pair = pair
        self._clock = clock
        self._look = Wakeup()
        self._seen = pair.stamps()
        self._shown = loaded(pair)
        self._tell()

    @property
    def context(self) -> ssl.SSLContext:
        """Return what the next connection is encrypted with."""
        return self._shown.context

    @property
    def pem(self) -> str:
        """Return the certificate that the next connection is shown."""
        return self._shown.pem

    async def keep_fresh(self) -> None:
        """Load the files when they have changed, and on SIGHUP, until cancelled.

        What cannot be used changes nothing but the log; the next change is tried again.
        """
        async with anyio.create_task_group() as group:
            group.start_soon(self._hear_signals)
            while True:
                await self._look.wait(timeout_s=LOOKED_EVERY_S)
                stamps = await to_thread.run_sync(self._pair.stamps)
                if stamps != self._seen:
                    self._seen = stamps
                    await self.renew()

    async def _hear_signals(self) -> None:
        with anyio.open_signal_receiver(signal.SIGHUP) as signals:
            async for _ in signals:
                self._seen = ()
                self._look.notify()

    async def renew(self) -> None:
        """Load the files; what cannot be used changes nothing."""
        try:
            self._shown = await to_thread.run_sync(loaded, self._pair)
        except CertificateError as error:
            log.warning("certificate_unusable", reason=str(error), kept_until=self._until())
            return
        self._tell()
        renewed, self.renewed = self.renewed, anyio.Event()
        renewed.set()

    def _until(self) -> str:
        return self._shown.ends_at.isoformat()

    def _tell(self) -> None:
        log.info("certificate_loaded", until=self._until())
        if self._shown.ends_at <= self._clock.now():
            log.warning(
                "certificate_expired", since=self._until(), setting="server.tls_certificate"
            )
        if is_open_to_others(self._pair.key):
            log.warning("key_open_to_others", setting="server.tls_key", hint="chmod o= FILE")


def certificate_of(config: ServerConfig, clock: Clock) -> Certificate | None:
    """Return the configured certificate, None where the box speaks plain HTTP.

    Raises:
        CertificateError: It cannot be used.
    """
    if not config.tls_certificate:
        return None
    return Certificate(Pair(Path(config.tls_certificate), Path(config.tls_key)), clock)


def stamp(path: Path) -> object:
    """Return what changes with the file; None while it cannot be looked at. Blocks."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)


def is_open_to_others(path: Path) -> bool:
    """Tell whether everybody on the machine may read the file."""
    try:
        return bool(path.stat().st_mode & READ_BY_OTHERS)
    except OSError:
        return False


def loaded(pair: Pair) -> Shown:
    """Load a pair and try it out. Blocks.

    Raises:
        CertificateError: It cannot be read, does not belong together, or fails a handshake.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        first = FIRST_OF_CHAIN.search(pair.certificate.read_text("ascii", errors="replace"))
        if first is None:
            raise CertificateError(f"{pair.certificate} holds no certificate in PEM form")
        if ENCRYPTED in pair.key.read_bytes():
            raise CertificateError(f"{pair.key} needs a passphrase; store it without one")
        context.load_cert_chain(pair.certificate, pair.key, password="")
        return Shown(context, first[0], end_of(context, first[0]))
    except ssl.SSLError as error:
        if error.reason == MISMATCH:
            raise CertificateError("the files do not belong together") from error
        said = f" ({error.reason})" if error.reason else ""
        raise CertificateError(
            f"{pair.certificate} or {pair.key} is damaged, or OpenSSL does not take it{said}"
        ) from error
    except OSError as error:
        raise CertificateError(f"{error.filename} cannot be read: {error.strerror}") from error


def end_of(context: ssl.SSLContext, pem: str) -> datetime:
    """Return until when the certificate is good, as a client learns it; ssl.SSLError if none can."""
    client = handshake(context, pinned(pem))
    said = (client.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(said)), UTC)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """Have two ends shake hands in memory, and return the client's."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(to_client, to_server)
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(MOST_FLIGHTS):
        if all([shaken(theirs), shaken(ours)]):
            break
    return theirs


def shaken(end: ssl.SSLObject) -> bool:
    """Go on with a handshake; tell whether this end has nothing left to do for it."""
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def pinned(pem: str) -> ssl.SSLContext:
    """Return what a client trusts that knows one certificate and nothing else.

    Whose name is in it, who signed it and how old it is do not matter then: the other side has
    shown that it holds its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=pem)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(NO_CHECK_TIME)
    return context
