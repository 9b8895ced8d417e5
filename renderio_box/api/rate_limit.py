"""How many requests each API key may make.

Litestar's own limit would keep the time of every request of a minute as JSON, reading and
writing all of it each time (0.6 ms a request at 6,000 a minute), by the time of day, and
let a key begin anew at the turn of its minute. Two numbers a key do.
"""

from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from renderio_box.api.problems import RateLimitedError
from renderio_box.catalog.keys import OPERATOR
from renderio_box.clock import Clock

RATE_LIMIT: Final = "rate_limit"
MINUTE_US: Final = 60_000_000
"""A minute in microseconds, which is also what one request costs."""


class RateLimit:
    """An allowance for each key that fills up again in a minute, all in whole numbers.

    It grows by ``per_minute`` each microsecond, and is never more than ``per_minute``
    requests. Keys are remembered for as long as the process lives; there are as many as
    the operator made.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._left: dict[str, tuple[int, int]] = {}

    def take(self, key: str) -> int:
        """Take one request from the key's allowance.

        Returns:
            0, or in how many whole seconds it will have one again; then nothing is taken.
        """
        now_us = round(self._clock.monotonic() * 1_000_000)
        full = self._per_minute * MINUTE_US
        left, since_us = self._left.get(key, (full, now_us))
        left = min(full, left + (now_us - since_us) * self._per_minute)
        if left < MINUTE_US:
            return -((left - MINUTE_US) // (self._per_minute * 1_000_000))
        self._left[key] = (left - MINUTE_US, now_us)
        return 0

    def check(self, key: str) -> None:
        """Take one request from the key's allowance; RateLimitedError when there is none."""
        if wait_s := self.take(key):
            raise RateLimitedError(
                "This key makes more requests than the operator of the box allows;"
                f" wait for {wait_s} second{'s' if wait_s > 1 else ''}.",
                retry_after_s=wait_s,
            )


class RateLimiting(ASGIMiddleware):
    """Holds every key to the application's limit, but for the command line of this machine."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Let the request pass, or raise RateLimitedError."""
        limit: RateLimit | None = scope["litestar_app"].state[RATE_LIMIT]
        if limit is not None and scope["user"].owner != OPERATOR:
            limit.check(scope["auth"])
        await next_app(scope, receive, send)
