"""What a route may ask for of the running application: a transaction, the settings, the time."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from tesigo.kit.clock import Clock
from tesigo.kit.db import Database
from tesigo.kit.settings import Settings


def database_of(connection: HTTPConnection) -> Database:
    """Return the application's database (`app.state.database`)."""
    database: Database = connection.app.state.database
    return database


def settings_of(connection: HTTPConnection) -> Settings:
    """Return the application's settings (`app.state.settings`)."""
    settings: Settings = connection.app.state.settings
    return settings


def now_of(connection: HTTPConnection) -> datetime:
    """Return the time by the application's clock (`app.state.clock`)."""
    clock: Clock = connection.app.state.clock
    return clock()


async def _request_tx(connection: HTTPConnection) -> AsyncIterator[AsyncSession]:
    async with database_of(connection).transaction() as tx:
        yield tx


Tx = Annotated[AsyncSession, Depends(_request_tx, scope="function")]
"""A transaction that commits when the route's function has ended, before the answer is sent."""

SettingsNow = Annotated[Settings, Depends(settings_of)]
Now = Annotated[datetime, Depends(now_of)]
