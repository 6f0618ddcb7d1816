"""The steps that need a code of the second factor, as the HTTP routes and the pages both take them.

Wrong codes count for the user here as they do at sign-in: whoever has a stolen session shall not guess the way
to a removed factor. Each step opens its own transaction, for a count is kept while the step is rolled back.
"""

from datetime import datetime

from starlette.requests import HTTPConnection

from tesigo.accounts import factor_service
from tesigo.accounts.errors import SecondFactorNotValid
from tesigo.accounts.identity import User
from tesigo.accounts.limits import WRONG_FACTORS
from tesigo.accounts.session import keys_of
from tesigo.kit.rates import rates_of
from tesigo.kit.requests import database_of, now_of


async def confirm_factor(connection: HTTPConnection, user: User, *, typed: str) -> datetime:
    """Put the user's factor in force; return since when it is.

    Raises AdministratorsOnly, NoSecondFactor, SecondFactorInForce, SecondFactorNotValid; LimitReached, RatesAway.
    """
    async with (
        rates_of(connection).holding_a_place(SecondFactorNotValid, WRONG_FACTORS, user.id),
        database_of(connection).transaction() as tx,
    ):
        return await factor_service.confirm_factor(
            tx, user, typed=typed, keys=keys_of(connection), now=now_of(connection)
        )


async def remove_factor(connection: HTTPConnection, user: User, *, typed: str) -> None:
    """Remove the user's factor.

    Raises AdministratorsOnly, NoSecondFactor, SecondFactorNotValid; LimitReached, RatesAway.
    """
    async with (
        rates_of(connection).holding_a_place(SecondFactorNotValid, WRONG_FACTORS, user.id),
        database_of(connection).transaction() as tx,
    ):
        await factor_service.remove_factor(
            tx, user, typed=typed, keys=keys_of(connection), now=now_of(connection)
        )
