"""Webhooks of owners: where the ends of their commands are told."""

from renderio_box.clock import Clock
from renderio_box.database import deliveries, endpoints
from renderio_box.database.connection import Database
from renderio_box.identifiers import Owner
from renderio_box.jobs.delivery import REMOVED, Endpoint, host_of


class EndpointCatalog:
    """The hook of every owner who has one."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, owner: Owner, *, url: str, secret: str | None, origin: str) -> Endpoint:
        """Configure the owner's hook, in working order; it replaces an earlier one.

        Deliveries that wait go to the new address, when they are due.
        """
        endpoint = Endpoint(
            owner=owner,
            url=url,
            secret=secret,
            origin=origin,
            consecutive_failures=0,
            disabled_at=None,
            updated_at=self._clock.now(),
        )
        async with self._database.transaction() as tx:
            await endpoints.put(tx, endpoint)
            await deliveries.readdress(tx, owner, host_of(url))
        return endpoint

    async def find(self, owner: Owner) -> Endpoint | None:
        """Return the owner's hook, disabled or not; None when there is none."""
        async with self._database.reading() as tx:
            return await endpoints.find(tx, owner)

    async def delete(self, owner: Owner) -> None:
        """Remove the owner's hook and end what waits for it; repeating it is harmless."""
        async with self._database.transaction() as tx:
            await endpoints.delete(tx, owner)
            await deliveries.give_up_account(tx, owner, REMOVED, now=self._clock.now())
