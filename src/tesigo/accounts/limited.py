"""Routes of which each user may ask only so often."""

from typing import Any

from fastapi import Depends, Request

from tesigo.accounts.session import CurrentUser
from tesigo.kit.rates import Limit, rates_of


def limited_by(limit: Limit) -> Any:
    """Return what stands among a route's `dependencies`: the request counts for its user, before anything is read.

    There, and not in the route, because a transaction must not be open while a store elsewhere is asked.
    Raises NotSignedIn, LimitReached.
    """

    async def count(request: Request, current: CurrentUser) -> None:
        await rates_of(request).take(limit, current.id)

    return Depends(count)
