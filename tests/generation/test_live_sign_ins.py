"""A connection lasts no longer than the sign-in that opened it, and no shorter."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import pytest_asyncio
import websockets
from sqlalchemy import event
from structlog.testing import capture_logs
from tests.generation.jobs import rows
from tests.generation.watching import (
    close_code,
    connect,
    make_job,
    receive,
    tell_anyway,
    tell_of,
    until,
)
from tests.houses import HERE, code_from_mail, opened_house
from tests.kit.queue_watching import cut_off
from tests.servers import answering
from tests.writers import Writer

from tesigo.accounts.cookies import cookie_names
from tesigo.entry.api import make_app
from tesigo.entry.wiring import House
from tesigo.generation.live import ASK_AGAIN_S, ask_again_s

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERY_S = 0.4


@dataclass
class MovedClock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="module")
def clock() -> MovedClock:
    return MovedClock()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, clock: MovedClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path_factory.mktemp("house"), clock=clock) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(house: House) -> AsyncIterator[str]:
    app = make_app(house)
    app.dependency_overrides[ask_again_s] = lambda: EVERY_S
    async with answering(app) as address:
        yield address.replace("http", "ws")


async def sign_in_again(me: Writer) -> dict[str, Any]:
    """Return the answer to another sign-in of the same user."""
    email, outbox = (await me.ask("GET", "/user/me")).json()["email"], me.house.settings.data_dir / "outbox"
    await me.ask("POST", "/auth/magic-link", json={"email": email})
    code = await code_from_mail(outbox, email)
    answer = await me.ask("POST", "/auth/magic-link/verify", json={"code": code})
    assert answer.status_code == 200, answer.text
    return answer.json()


def connect_by(address: str, document_id: int, tokens: dict[str, Any]) -> websockets.connect:
    url = f"{address}/ws/generation/{document_id}"
    return websockets.connect(url, subprotocols=["bearer", tokens["access_token"]])


def connect_as_browser(
    address: str, me: Writer, document_id: int, tokens: dict[str, Any]
) -> websockets.connect:
    cookie = f"{cookie_names(me.house.settings).access}={tokens['access_token']}"
    url = f"{address}/ws/generation/{document_id}"
    return websockets.connect(url, origin=HERE, additional_headers={"Cookie": cookie})


def session_id(tokens: dict[str, Any]) -> str:
    """Return which sign-in the access token says it belongs to."""
    return str(jwt.decode(tokens["access_token"], options={"verify_signature": False})["sid"])


async def log_out(me: Writer, tokens: dict[str, Any]) -> None:
    answer = await me.ask("POST", "/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 204


async def refresh(me: Writer, tokens: dict[str, Any]) -> int:
    return (
        await me.ask("POST", "/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    ).status_code


async def closed_with(socket: websockets.ClientConnection) -> int | None:
    """Return the code of the close that comes next, before anything else is told."""
    with pytest.raises(websockets.ConnectionClosed):
        await receive(socket)
    return socket.close_code


@contextlib.contextmanager
def asked(house: House) -> Iterator[list[float]]:
    """Give the times at which a sign-in was looked up, in seconds of the loop, as they come."""
    engine, times = house.database._engine.sync_engine, []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if "JOIN sign_ins" in statement:
            times.append(asyncio.get_running_loop().time())

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield times
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def asked_again(house: House, times: int = 3) -> None:
    """Return when sign-ins have been looked up so often; what the last but one found has had its effect."""
    with asked(house) as seen:
        await until(lambda: len(seen) >= times)


async def test_log_out_ends_what_this_sign_in_watches_and_nothing_else(address, me):
    document_id, job_id = await make_job(me)
    program, browser, kept = [await sign_in_again(me) for _ in range(3)]
    async with (
        connect_by(address, document_id, program) as by_program,
        connect_as_browser(address, me, document_id, browser) as by_browser,
        connect_by(address, document_id, kept) as other,
    ):
        await asyncio.gather(receive(by_program), receive(by_browser), receive(other))
        await log_out(me, program)
        await log_out(me, browser)
        assert await closed_with(by_program) == 4401
        assert await closed_with(by_browser) == 4401
        await asked_again(me.house)
        await tell_of(me, job_id)
        assert (await receive(other))["seq"] == 2


async def test_what_a_sign_in_watches_ends_when_another_device_ends_it(address, me):
    document_id, _ = await make_job(me)
    lost, also_lost, here = [await sign_in_again(me) for _ in range(3)]
    bearer = {"Authorization": f"Bearer {here['access_token']}"}
    async with (
        connect_by(address, document_id, lost) as one,
        connect_by(address, document_id, also_lost) as other,
        connect_by(address, document_id, here) as kept,
    ):
        await asyncio.gather(receive(one), receive(other), receive(kept))
        items = (await me.ask("GET", "/user/sessions", headers=bearer)).json()["items"]
        assert len(items) >= 3
        (first,) = [each["id"] for each in items if each["id"] == session_id(lost)]
        assert (await me.ask("DELETE", f"/user/sessions/{first}", headers=bearer)).status_code == 204
        assert await closed_with(one) == 4401
        assert other.state is websockets.State.OPEN
        assert (await me.ask("DELETE", "/user/sessions", headers=bearer)).status_code == 204
        assert await closed_with(other) == 4401
        await asked_again(me.house)
        assert kept.state is websockets.State.OPEN


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE users SET deleted_at = now(), email = 'deleted_' || id || '@deleted.com' "
        "WHERE id = (SELECT user_id FROM documents WHERE id = :id)",
        "DELETE FROM sign_ins WHERE user_id = (SELECT user_id FROM documents WHERE id = :id)",
    ],
)
async def test_a_user_who_is_deleted_or_a_sign_in_that_is_gone_watches_no_more(address, me, end):
    document_id, _ = await make_job(me)
    async with connect(address, me, document_id) as socket:
        await receive(socket)
        await rows(me, f"{end} RETURNING 1", id=document_id)
        assert await closed_with(socket) == 4401


async def test_a_sign_in_that_is_revoked_since_its_token_was_stolen_watches_no_more(address, me, clock):
    document_id, _ = await make_job(me)
    tokens = await sign_in_again(me)
    async with connect_by(address, document_id, tokens) as socket:
        await receive(socket)
        assert await refresh(me, tokens) == 200
        clock.move(seconds=11)
        assert await refresh(me, tokens) == 401
        assert await closed_with(socket) == 4401


async def test_an_access_token_that_runs_out_ends_nothing_while_the_sign_in_holds(address, me, clock):
    document_id, job_id = await make_job(me)
    tokens = await sign_in_again(me)
    async with connect_by(address, document_id, tokens) as socket:
        await receive(socket)
        clock.move(hours=2)
        assert await close_code(connect_by(address, document_id, tokens)) == 4401
        await asked_again(me.house)
        await tell_of(me, job_id)
        assert (await receive(socket))["seq"] == 2
        clock.move(days=6)
        assert await refresh(me, tokens) == 200
        clock.move(days=6)  # twelve days after the sign-in, six after its renewal
        await asked_again(me.house)
        await tell_of(me, job_id)
        assert (await receive(socket))["seq"] == 3
        clock.move(days=1)
        assert await closed_with(socket) == 4401


async def test_a_database_that_is_away_ends_nothing_and_log_out_counts_when_it_is_back(address, me):
    document_id, job_id = await make_job(me)
    tokens = await sign_in_again(me)
    async with connect_by(address, document_id, tokens) as socket:
        await receive(socket)
        with capture_logs() as lines:
            async with cut_off(me.house.database.url):
                await until(
                    lambda: sum("sign-in cannot be looked up now" in line["event"] for line in lines) >= 3
                )
        await tell_anyway(me, job_id)
        assert (await receive(socket))["seq"] == 2
        await log_out(me, tokens)
        assert await closed_with(socket) == 4401


async def test_a_connection_asks_at_most_so_often_and_keeps_no_beat(address, me):
    """Without a beat, those that were opened at once, as after a restart, do not go on asking at once."""
    assert ASK_AGAIN_S == 60
    async with connect(address, me, await me.create()) as socket:
        await receive(socket)
        with asked(me.house) as times:
            await until(lambda: len(times) > 10)
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(pauses) >= EVERY_S / 2 - 0.02
    assert max(pauses) - min(pauses) > EVERY_S / 10


async def test_nothing_goes_on_asking_for_who_has_gone(address, me):
    async with connect(address, me, await me.create()) as socket:
        await receive(socket)
        assert is_asking()
    await until(lambda: not is_asking())


def is_asking() -> bool:
    return any("_end_with_sign_in" in repr(task.get_coro()) for task in asyncio.all_tasks())
