"""How many exports there may be at once, and how often."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from tests.fakes.files import FakeFiles
from tests.houses import HERE
from tests.privacy.planting import make_everything

from tesigo.entry.api import make_app
from tesigo.kit.db import Database
from tesigo.privacy.archive_service import export_archive
from tesigo.privacy.errors import ExportRunning, ExportsBusy
from tesigo.privacy.export_places import ExportPlaces, OwnThreads

pytestmark = pytest.mark.asyncio(loop_scope="module")
ZIP, JSON, PAGE = "/api/v1/user/export-data?format=zip", "/api/v1/user/export-data", "/settings/data.zip"
HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
_WITHIN_S = 20


class SlowFiles(FakeFiles):
    """A store in which every listing waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Semaphore(0)
        self.let_go = asyncio.Event()

    async def list_files(self, folder: str) -> list[str]:
        self.asked.release()
        await self.let_go.wait()
        return await super().list_files(folder)


class WatchedPlaces(ExportPlaces):
    """Tells when somebody has asked for a place."""

    def __init__(self, *, at_once: int) -> None:
        super().__init__(at_once=at_once)
        self.asked = asyncio.Semaphore(0)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[OwnThreads]:
        self.asked.release()
        async with super().place() as threads:
            yield threads


@asynccontextmanager
async def application(me, *, files=None, places=None) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client, without a user, of an application of its own over the same house."""
    app = make_app(me.house)
    app.state.files = files or app.state.files
    app.state.export_places = places or app.state.export_places
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE, timeout=60) as client:
        yield client


def headers_of(writer) -> dict[str, str]:
    return {"Authorization": writer.client.headers["authorization"]}


async def test_a_user_has_one_export_at_a_time_by_whichever_way_and_can_ask_anew_afterwards(me, other):
    await make_everything(me.client, "eb1")
    files = SlowFiles()
    async with application(me, files=files) as client, asyncio.timeout(_WITHIN_S):
        first = asyncio.create_task(client.get(ZIP, headers=headers_of(me)))
        await files.asked.acquire()
        for path in (ZIP, JSON, PAGE):
            second = await client.get(path, headers=headers_of(me))
            assert (second.status_code, second.json()["code"]) == (429, "export_running"), second.text
            assert second.headers["retry-after"] == "15"
            assert second.json()["detail"].endswith("wait until that has ended, then ask again.")
        page = await client.get(PAGE, headers={**headers_of(me), **HTML})
        assert (page.status_code, page.headers["retry-after"]) == (429, "15")
        assert (await client.get(JSON, headers=headers_of(other))).status_code == 200
        files.let_go.set()
        assert (await first).status_code == 200
        for path in (ZIP, JSON, PAGE):
            assert (await client.get(path, headers=headers_of(me))).status_code == 200


async def test_an_export_that_fails_leaves_the_users_place_free(me):
    await make_everything(me.client, "eb2")

    class Broken(FakeFiles):
        async def list_files(self, folder):
            raise RuntimeError(folder)

    async with application(me, files=Broken()) as client:
        for _ in range(3):
            assert (await client.get(ZIP, headers=headers_of(me))).status_code == 500
        assert (await client.get(JSON, headers=headers_of(me))).status_code == 200


async def test_who_waits_longer_than_the_bound_for_others_is_told_when_to_come_again(me, other):
    await make_everything(me.client, "eb3")
    files = SlowFiles()
    async with (
        application(me, files=files, places=ExportPlaces(at_once=1, wait_s=0.1)) as client,
        asyncio.timeout(_WITHIN_S),
    ):
        first = asyncio.create_task(client.get(ZIP, headers=headers_of(me)))
        await files.asked.acquire()
        answer = await client.get(JSON, headers=headers_of(other))
        assert (answer.status_code, answer.json()["code"]) == (503, "exports_busy")
        assert answer.headers["retry-after"] == "60"
        files.let_go.set()
        assert (await first).status_code == 200
        assert (await client.get(JSON, headers=headers_of(other))).status_code == 200


async def test_no_transaction_is_open_while_an_export_waits_for_its_place_or_for_the_store(me, other):
    await make_everything(me.client, "eb4")
    files, places = SlowFiles(), WatchedPlaces(at_once=1)
    async with application(me, files=files, places=places) as client, asyncio.timeout(_WITHIN_S):
        first = asyncio.create_task(client.get(ZIP, headers=headers_of(me)))
        await files.asked.acquire()
        second = asyncio.create_task(client.get(JSON, headers=headers_of(other)))
        for _ in (first, second):
            await places.asked.acquire()
        async with me.house.database.transaction() as tx:
            count = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%'"
            )
            assert await tx.scalar(count) == 0
        files.let_go.set()
        assert [(await asked).status_code for asked in (first, second)] == [200, 200]


async def test_a_user_has_ten_exports_of_everything_in_an_hour_besides_what_others_have(me, other):
    async with application(me) as client:
        for path in (JSON, ZIP, PAGE, "/settings/data.json", *[JSON] * 6):
            assert (await client.get(path, headers=headers_of(me))).status_code == 200
        for path in (JSON, PAGE):
            refused = await client.get(path, headers=headers_of(me))
            assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
            assert 3_500 < int(refused.headers["retry-after"]) <= 3_600
        assert (await client.get(JSON, headers=headers_of(other))).status_code == 200


async def test_compressing_takes_longer_than_a_transaction_may_stand_still(me):
    document_id = await me.create()
    async with me.house.database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO sources (document_id, key, csl, abstract, full_text, found_by, created_at) "
                "SELECT :id, 'key' || n % 40, '{}', '', string_agg(md5(n::text), ''), 'file', now() "
                "FROM generate_series(1, 1000000) AS n GROUP BY n % 40"
            ),
            {"id": document_id},
        )
    user_id = (await me.ask("GET", "/user/me")).json()["id"]
    impatient = Database(me.house.database.url, idle_s=2)
    settings, threads = me.house.settings, OwnThreads(1)
    now = me.house.clock()
    with await export_archive(impatient, FakeFiles(), user_id, settings.data_dir, threads, now=now) as file:
        assert file.seek(0, io.SEEK_END) > 30_000_000
    await impatient.close()


async def test_places_are_given_in_order_and_freed_whatever_happens():
    places = ExportPlaces(at_once=1, wait_s=0.05)
    with places.only_one_of(1), places.only_one_of(2), pytest.raises(ExportRunning), places.only_one_of(1):
        pass
    with places.only_one_of(1):
        pass
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            async with places.place():
                raise ZeroDivisionError
    async with places.place() as threads:
        assert await threads.run(Path("x").with_suffix, ".y") == Path("x.y")
        with pytest.raises(ExportsBusy):
            async with places.place():
                pass
