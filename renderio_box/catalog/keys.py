"""API keys: who may come in, what for, and until when.

A key expires by the time of day: a clock that is set forward ends it early, and one that is
set back lets it in again until the time has come once more. Revoking is for good.
"""

import hashlib
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Final

import anyio
import msgspec
import structlog
from msgspec.structs import replace

from renderio_box.clock import Clock
from renderio_box.database import keys
from renderio_box.database.connection import Database, DatabaseFailedError
from renderio_box.database.keys import StoredKey
from renderio_box.errors import BoxError, ErrorCode, NotFoundError
from renderio_box.identifiers import KeyId, Owner, new_api_key, new_id
from renderio_box.wakeup import Wakeup

log = structlog.get_logger()

USES_WRITTEN_EVERY_S: Final = 60.0
DAY_S: Final = 86_400.0
OPERATOR: Final = Owner("operator")
FIRST_KEY: Final = "admin"


class Scope(StrEnum):
    """What a key may be used for; ``admin`` includes everything and sees everybody's."""

    SUBMIT = "submit"
    READ = "read"
    FILES = "files"
    ADMIN = "admin"


USUAL_SCOPES: Final = frozenset({Scope.SUBMIT, Scope.READ, Scope.FILES})


class UnauthorizedError(BoxError):
    """The request carries no key, or one that is unknown, revoked or expired.

    ``reason`` is for the log: callers are told the same of all of these.
    """

    code = ErrorCode.UNAUTHORIZED

    def __init__(self, reason: str) -> None:
        super().__init__(self.code.remedy)
        self.reason = reason


class ForbiddenError(BoxError):
    """The key is good, but not for this."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This key lacks the scope {scope}; use one that has it.")


class NameTakenError(BoxError):
    """A key in use has that name already."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is a key named {name} already; choose another name or revoke it.",
            loc=("name",),
        )


class PastExpiryError(BoxError):
    """A key was to be made that would have ended before it began."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self) -> None:
        super().__init__(
            "A key cannot expire in the past; name a later moment, or none.", loc=("expires_at",)
        )


class Principal(msgspec.Struct, frozen=True):
    """Who a request speaks for.

    ``sees`` is whose jobs and files it may look up; None means everybody's.
    """

    owner: Owner
    scopes: frozenset[Scope]

    @property
    def sees(self) -> Owner | None:
        """Return the owner to look things up for, None for an administrator."""
        return None if Scope.ADMIN in self.scopes else self.owner

    def require(self, scope: Scope) -> None:
        """Raise ForbiddenError when the key may not be used for that."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise ForbiddenError(scope)


class KeyRing:
    """All keys. Call ``load`` once before use; this process is the only writer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._by_digest: dict[str, StoredKey] = {}
        self._unwritten: dict[KeyId, datetime] = {}
        self._used = Wakeup()
        self._operator_digest = ""

    async def load(self) -> None:
        """Read every key into memory."""
        async with self._database.reading() as tx:
            stored = await keys.list_all(tx)
        self._by_digest = {key.digest: key for key in stored if key.revoked_at is None}

    def admit_operator(self) -> str:
        """Return a fresh administrator's key that lives as long as this process.

        It is for commands on the same machine, which find it in the data directory.
        """
        key = new_api_key()
        self._operator_digest = digest(key)
        return key

    def principal(self, key: str) -> Principal:
        """Return who ``key`` speaks for.

        Keys have 256 random bits and are looked up by digest, of which a caller cannot choose
        a single bit without trying, so that timing tells nothing about any of them.

        Raises:
            UnauthorizedError: There is no such key, or no longer.
        """
        if not key:
            raise UnauthorizedError("no key")
        sent, now = digest(key), self._clock.now()
        if is_same(sent, self._operator_digest):
            return Principal(OPERATOR, frozenset({Scope.ADMIN}))
        stored = self._by_digest.get(sent)
        if stored is None or not is_same(sent, stored.digest):
            raise UnauthorizedError("unknown key")
        if has_expired(stored, now=now):
            raise UnauthorizedError(f"the key {stored.name} has expired")
        self._unwritten[stored.id] = now
        self._used.notify()
        return Principal(stored.owner, frozenset(map(Scope, stored.scopes)))

    def is_in_use(self, sent: str) -> bool:
        """Tell whether the key with that digest still lets anybody in."""
        if is_same(sent, self._operator_digest):
            return True
        stored = self._by_digest.get(sent)
        return stored is not None and not has_expired(stored, now=self._clock.now())

    async def add(
        self,
        name: str,
        *,
        owner: Owner,
        scopes: frozenset[Scope],
        expires_at: datetime | None = None,
        key: str = "",
    ) -> str:
        """Make a key and return it; it cannot be shown again.

        ``key`` is one of ``new_api_key`` that the caller has put where it will be found.

        Raises:
            NameTakenError: A key in use, or an expired one that was not revoked, has that name.
            PastExpiryError: It would have expired already.
        """
        now = self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise PastExpiryError
        key = key or new_api_key()
        stored = StoredKey(
            id=KeyId(new_id(now)),
            name=name,
            owner=owner,
            digest=digest(key),
            scopes=tuple(sorted(scopes)),
            created_at=now,
            expires_at=expires_at,
        )
        async with self._database.transaction() as tx:
            if await keys.name_in_use(tx, name):
                raise NameTakenError(name)
            await keys.insert(tx, stored)
        self._by_digest[stored.digest] = stored
        return key

    async def list(self) -> list[StoredKey]:
        """Return every key, revoked ones too, oldest first, with uses up to this moment."""
        async with self._database.reading() as tx:
            stored = await keys.list_all(tx)
        return [
            replace(key, last_used_at=self._unwritten.get(key.id, key.last_used_at))
            for key in stored
        ]

    async def revoke(self, name_or_id: str) -> StoredKey:
        """End a key at once; NotFoundError when none in use has that name or id.

        Requests that were let in go on to their end; event streams end with the next event,
        within seconds.
        """
        found = [key for key in self._by_digest.values() if name_or_id in {key.id, key.name}]
        if not found:
            raise NotFoundError(f"There is no key {name_or_id} in use.")
        key, now = found[0], self._clock.now()
        async with self._database.transaction() as tx:
            await keys.revoke(tx, key.id, now=now)
        self._by_digest.pop(key.digest, None)
        return replace(key, revoked_at=now)

    async def keep_uses(self) -> None:
        """Write down when keys were used, until cancelled: the first use now, others by the minute.

        No request waits for it, and none fails because of it.
        """
        while True:
            await self._used.wait(timeout_s=DAY_S)
            await self.write_uses()
            await anyio.sleep(USES_WRITTEN_EVERY_S)

    async def write_uses(self) -> None:
        """Write down what is not yet; what cannot be written is kept for the next time."""
        uses, self._unwritten = self._unwritten, {}
        if not uses:
            return
        try:
            async with self._database.transaction() as tx:
                for key_id, moment in uses.items():
                    await keys.note_use(tx, key_id, now=moment)
        except DatabaseFailedError as error:
            self._unwritten = uses | self._unwritten
            log.warning("key_uses_put_off", reason=str(error))


def has_expired(key: StoredKey, *, now: datetime) -> bool:
    """Tell whether the key's time is over."""
    return key.expires_at is not None and key.expires_at <= now


def is_same(sent: str, known: str) -> bool:
    """Tell whether two digests are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(sent.encode(), known.encode())


def digest(key: str) -> str:
    """Return the SHA-256 of a key in hex; a fast hash is right for 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()
