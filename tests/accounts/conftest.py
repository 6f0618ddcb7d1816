"""An application that has nothing but accounts, on a real database, with a clock that can be moved."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from tests.databases import EMBEDDED, admin_url, create_database, drop_database
from tests.fakes.mailer import FakeMailer, code_in

from tesigo.accounts import factor_routes, sign_in, sign_ins_routes
from tesigo.accounts.cookies import set_cookies
from tesigo.accounts.identity import CameBy, NewUserConsents, Redeemer
from tesigo.accounts.links_service import SEND_LINK
from tesigo.accounts.origin import require_own_page
from tesigo.accounts.renewal import RenewalMiddleware
from tesigo.accounts.routes import auth, user
from tesigo.accounts.session import MaybeUser
from tesigo.accounts.tasks import Tools, send_link
from tesigo.adapters.memory_rates import MemoryRates
from tesigo.kit.db import Database, Row
from tesigo.kit.problems import install_problems
from tesigo.kit.queue import schema_sql
from tesigo.kit.queue_worker import consume
from tesigo.kit.rates import Rates
from tesigo.kit.secret_keys import KeyPair, generate_pair
from tesigo.kit.settings import load_settings

API = "/api/v1"
PUBLIC = "https://tesigo.example.org"
TABLES = [Row.metadata.tables[name] for name in ("users", "consents", "link_codes", "sign_ins")]


@dataclass
class MovedClock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class House:
    """The application, and everything that a test moves or looks at."""

    app: FastAPI
    client: httpx.AsyncClient
    database: Database
    clock: MovedClock
    mailer: FakeMailer
    keys: KeyPair

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Return another client, with cookies of its own."""
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 1))
        return httpx.AsyncClient(transport=transport, base_url=self.client.base_url, headers=headers)

    async def ask(self, email: str = "olena@example.com", **more: Any) -> httpx.Response:
        return await self.client.post(f"{API}/auth/magic-link", json={"email": email, **more})

    async def code_for(self, email: str = "olena@example.com") -> str:
        seen = len(self.mailer.sent)
        assert (await self.ask(email)).status_code == 202
        return code_in(await self.mailer.until_sent(seen + 1))

    async def verify(self, code: str, *, gdpr_consent: bool = True, **more: Any) -> httpx.Response:
        body = {"code": code, "gdpr_consent": gdpr_consent, **more}
        return await self.client.post(f"{API}/auth/magic-link/verify", json=body)

    async def enter(self, email: str = "olena@example.com") -> dict[str, Any]:
        """Return the answer to a whole sign-in."""
        answer = await self.verify(await self.code_for(email))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def me(self, access_token: str) -> httpx.Response:
        return await self.client.get(f"{API}/user/me", headers={"Authorization": f"Bearer {access_token}"})

    async def refresh(self, refresh_token: str) -> httpx.Response:
        return await self.client.post(f"{API}/auth/refresh", json={"refresh_token": refresh_token})

    async def log_out(self, refresh_token: str) -> httpx.Response:
        return await self.client.post(f"{API}/auth/logout", json={"refresh_token": refresh_token})

    async def sql(self, statement: str, **values: Any) -> list[Any]:
        async with self.database.transaction() as tx:
            result = await tx.execute(text(statement), values)
            return list(result) if result.returns_rows else []


async def tokens_today(tx: AsyncSession, user_id: int, now: datetime) -> int:
    """Answer as the ledger does, from whom the tokens are and which day it is, so that a test sees both."""
    return 1_000 * user_id + now.day


def make_app(**given: Any) -> FastAPI:
    """Return an application with the routers of accounts, and two pages as `web` has them."""
    app = FastAPI()
    install_problems(app)
    app.include_router(auth, prefix=API)
    app.include_router(user, prefix=API)
    app.include_router(sign_ins_routes.router, prefix=API)
    app.include_router(factor_routes.router, prefix=API)
    app.add_middleware(RenewalMiddleware)

    @app.get("/")
    async def home(current: MaybeUser) -> dict[str, str | None]:
        return {"email": current.email if current else None}

    @app.post("/sign-in/{code}")
    async def enter(request: Request, response: Response, code: str) -> None:
        settings = app.state.settings
        require_own_page(request, settings=settings)
        signed_in = await sign_in.sign_in(
            request, code=code, redeemer=Redeemer(CameBy.TYPED), consents=NewUserConsents(essential=True)
        )
        set_cookies(response, signed_in.tokens, settings=settings)

    @app.post("/sign-out")
    async def leave(request: Request, response: Response) -> None:
        require_own_page(request, settings=app.state.settings)
        await sign_in.sign_out_browser(request, response)

    app.state.settings = load_settings(_env_file=None, sign_in_limit=10_000, **given)
    return app


async def _make_tables(url: str) -> None:
    store = Database(url)
    async with store.transaction() as tx:
        connection = await tx.connection()
        await connection.run_sync(Row.metadata.create_all, tables=TABLES)
        for statement in schema_sql():
            await connection.execute(text(statement))
    await store.close()


async def _make_house(url: str, **given: Any) -> AsyncIterator[House]:
    store = Database(url)
    async with store.transaction() as tx:
        names = ", ".join(table.name for table in TABLES)
        await tx.execute(text(f"TRUNCATE {names}, pgqueuer, pgqueuer_log RESTART IDENTITY"))
    app = make_app(admin_emails=("boss@example.com",), **given)
    house = House(
        app=app,
        client=httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=("192.0.2.7", 1)),
            base_url=app.state.settings.base_url,
            headers={"User-Agent": "Probe/1.0"},
        ),
        database=store,
        clock=MovedClock(),
        mailer=FakeMailer(),
        keys=generate_pair(),
    )
    app.state.database, app.state.clock = store, house.clock
    app.state.keys = house.keys
    app.state.tokens_today = tokens_today
    app.state.rates = Rates(MemoryRates(), app.state.settings, secret=house.keys.secret_key)
    async with house.client, sending(house):
        yield house
    await store.close()


@asynccontextmanager
async def sending(house: House) -> AsyncIterator[None]:
    """Take the mails out of the queue, as the server does beside its requests."""
    base_url = house.app.state.settings.base_url
    tools = Tools(house.database, house.clock, house.keys, house.mailer, base_url)
    stop = asyncio.Event()
    handlers = {SEND_LINK: partial(send_link, tools)}
    running = asyncio.create_task(
        consume(house.database.url, handlers, concurrency=lambda: 4, stop=stop, grace_s=5)
    )
    try:
        yield
    finally:
        stop.set()
        await running


@pytest.fixture(scope="session")
def database_urls() -> Iterator[dict[str, str]]:
    """Databases with the tables of accounts, by server; each is made when a test first asks for it."""
    urls: dict[str, str] = {}
    yield urls
    for name, url in urls.items():
        asyncio.run(drop_database(admin_url(name), url))


@pytest.fixture
def database_url(request: pytest.FixtureRequest, database_urls: dict[str, str]) -> str:
    """A database on the embedded server, or on the one that the test names."""
    name = getattr(request, "param", EMBEDDED)
    if name not in database_urls:
        url = asyncio.run(create_database(admin_url(name)))
        database_urls[name] = url
        asyncio.run(_make_tables(url))
    return database_urls[name]


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """Accounts as in development."""
    async for made in _make_house(database_url, environment="development", public_url=""):
        yield made


@pytest.fixture
async def production(database_url: str) -> AsyncIterator[House]:
    """Accounts as in production."""
    pair = generate_pair()
    async for made in _make_house(
        database_url,
        environment="production",
        debug=False,
        public_url=PUBLIC,
        secret_key=pair.secret_key,
        jwt_secret=pair.jwt_secret,
    ):
        yield made
