"""Limits of rate from outside: by HTTP and by the pages, and what holds when Redis is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from tests.houses import ABSTRACTS, GENEROUS, HERE, code_from_mail, opened_house
from tests.redis_servers import redis_server

from tesigo.entry.api import make_app
from tesigo.entry.errands import errands
from tesigo.entry.wiring import House
from tesigo.kit.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGN_INS, GENERATIONS, UPLOADS, EXPORTS = 3, 2, 4, 2
LIMITS = {
    "sign_in_limit": SIGN_INS,
    "generation_limit": GENERATIONS,
    "upload_limit": UPLOADS,
    "export_limit": EXPORTS,
}
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
TITLE = "Feedback on student essays"
_numbers = count(1)


class Visitor:
    """Somebody at a client address of their own."""

    def __init__(self, house: House, client: httpx.AsyncClient) -> None:
        self.house = house
        self.client = client
        self.email = f"visitor{next(_numbers)}@example.com"

    async def ask(self, method: str, path: str, **more) -> httpx.Response:
        return await self.client.request(method, f"/api/v1{path}", **more)

    async def ask_for_link(self, email: str = "") -> httpx.Response:
        email = email or f"visitor{next(_numbers)}@example.com"
        return await self.ask("POST", "/auth/magic-link", json={"email": email})

    async def redeem(self, code: str) -> httpx.Response:
        return await self.ask("POST", "/auth/magic-link/verify", json={"code": code, "gdpr_consent": True})

    async def sign_in(self) -> "Visitor":
        assert (await self.ask_for_link(self.email)).status_code == 202
        answer = await self.redeem(await code_from_mail(self.house.settings.data_dir / "outbox", self.email))
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    async def create(self) -> int:
        return (await self.ask("POST", "/documents", json={"title": TITLE})).json()["id"]


@asynccontextmanager
async def visitor_of(house: House) -> AsyncIterator[Visitor]:
    number = next(_numbers)
    transport = httpx.ASGITransport(
        make_app(house), raise_app_exceptions=False, client=(f"10.0.{number // 250}.{1 + number % 250}", 1)
    )
    async with httpx.AsyncClient(transport=transport, base_url=HERE, timeout=30) as client:
        yield Visitor(house, client)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened_house(tmp_path_factory.mktemp("house"), **LIMITS) as house, errands(house):
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(house: House) -> AsyncIterator[Visitor]:
    async with visitor_of(house) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="module")
async def me(house: House) -> AsyncIterator[Visitor]:
    async with visitor_of(house) as visitor:
        yield await visitor.sign_in()


def is_refused(answer: httpx.Response, *, code: str = "limit_reached", within_s: int = 900) -> bool:
    """Whether the limit refused it as a program expects, and said when to come again."""
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert within_s - 60 < int(answer.headers["retry-after"]) <= within_s
    assert "try again in" in told["detail"]
    return (answer.status_code, told["code"]) == (429, code)


def is_refused_page(answer: httpx.Response, sentence: str) -> bool:
    assert answer.headers["content-type"].startswith("text/html")
    assert int(answer.headers["retry-after"]) >= 1
    return answer.status_code == 429 and sentence in answer.text


async def count_codes(house: House) -> int:
    async with house.database.transaction() as tx:
        return await tx.scalar(text("SELECT count(*) FROM link_codes"))


async def test_more_links_from_one_address_are_refused_before_anything_is_written(house, visitor):
    before = await count_codes(house)
    answers = [await visitor.ask_for_link() for _ in range(SIGN_INS + 2)]
    assert [answer.status_code for answer in answers] == [202] * SIGN_INS + [429] * 2
    assert is_refused(answers[-1])
    assert await count_codes(house) == before + SIGN_INS
    async with visitor_of(house) as elsewhere:
        assert (await elsewhere.ask_for_link()).status_code == 202


async def test_of_100_requests_for_a_link_at_once_exactly_as_many_pass_as_may(house, visitor):
    before = await count_codes(house)
    answers = await asyncio.gather(*(visitor.ask_for_link() for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [202] * SIGN_INS + [429] * (100 - SIGN_INS)
    assert await count_codes(house) == before + SIGN_INS


async def test_the_links_to_one_e_mail_address_are_counted_wherever_they_are_asked_for(house):
    email = f"visitor{next(_numbers)}@example.com"
    for asked in (email, email.upper(), f" {email}"):
        async with visitor_of(house) as visitor:
            assert (await visitor.ask_for_link(asked)).status_code == 202
    async with visitor_of(house) as visitor:
        assert is_refused(await visitor.ask_for_link(email), code="too_many_links")
        assert (await visitor.ask_for_link()).status_code == 202


async def test_the_form_for_a_link_is_counted_with_the_route_and_says_so_in_the_readers_language(visitor):
    for _ in range(SIGN_INS - 1):
        await visitor.ask_for_link()
    form = {"email": visitor.email}
    assert (await visitor.client.post("/sign-in", data=form, headers=PAGE)).status_code == 303
    answer = await visitor.client.post("/sign-in", data=form, headers={**PAGE, "Accept-Language": "uk"})
    assert is_refused_page(answer, "За короткий час таких запитів було забагато.")
    assert visitor.email in answer.text  # the form comes back as it was filled in


async def test_an_address_with_a_slip_costs_nobody_a_place(visitor):
    for _ in range(SIGN_INS + 1):
        assert (await visitor.ask_for_link("no address")).status_code == 422
        form = await visitor.client.post("/sign-in", data={"email": "no address"}, headers=PAGE)
        assert form.status_code == 400
    assert (await visitor.ask_for_link()).status_code == 202


async def test_wrong_codes_are_counted_by_route_and_form_together_and_then_no_code_is_tried(house, visitor):
    assert (await visitor.ask_for_link(visitor.email)).status_code == 202
    code = await code_from_mail(house.settings.data_dir / "outbox", visitor.email)
    for _ in range(SIGN_INS - 1):
        assert (await visitor.redeem("AAAA-BBBB")).status_code == 400
    form = {"code": "AAAA-BBBB"}
    assert (await visitor.client.post("/sign-in/code", data=form, headers=PAGE)).status_code == 400
    assert is_refused(await visitor.redeem(code))
    answer = await visitor.client.post(
        "/sign-in/code", data={"code": code}, headers={**PAGE, "Accept-Language": "it"}
    )
    assert is_refused_page(answer, "L’operazione è stata ripetuta troppe volte")
    async with visitor_of(house) as elsewhere:
        assert (await elsewhere.redeem(code)).status_code == 200


async def test_of_100_wrong_codes_at_once_exactly_as_many_are_answered_as_may_be(visitor):
    answers = await asyncio.gather(*(visitor.redeem("AAAA-BBBB") for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [400] * SIGN_INS + [429] * (100 - SIGN_INS)


async def test_right_codes_do_not_count(house):
    codes = []
    for _ in range(SIGN_INS + 2):
        async with visitor_of(house) as somebody:
            await somebody.ask_for_link(somebody.email)
            codes.append(await code_from_mail(house.settings.data_dir / "outbox", somebody.email))
    async with visitor_of(house) as hall:
        assert [(await hall.redeem(code)).status_code for code in codes] == [200] * len(codes)


async def test_a_whole_lecture_hall_behind_one_address_signs_in_at_once(house):
    codes = []
    for _ in range(4 * SIGN_INS):
        async with visitor_of(house) as somebody:
            await somebody.ask_for_link(somebody.email)
            codes.append(await code_from_mail(house.settings.data_dir / "outbox", somebody.email))
    async with visitor_of(house) as hall:
        answers = await asyncio.gather(*(hall.redeem(code) for code in codes))
        assert [answer.status_code for answer in answers] == [200] * len(codes)


async def test_outlines_and_jobs_and_resumptions_count_together(me):
    document_id = await me.create()
    await me.ask("POST", "/generate/outline", json={"document_id": document_id})
    assert (
        await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
    ).status_code == 202
    for path, body in (
        ("/generate/outline", {"title": TITLE}),
        ("/generate/document-async", {"title": TITLE}),
        (f"/documents/{document_id}/resume", None),
    ):
        assert is_refused(await me.ask("POST", path, json=body), within_s=3600)
    for path in (f"/documents/{document_id}/write", f"/documents/{document_id}/resume"):
        answer = await me.client.post(path, headers=PAGE)
        assert is_refused_page(answer, "This was done too often in a short time.")
    assert len((await me.ask("GET", "/documents")).json()["items"]) == 1  # nothing was made


async def test_the_form_for_a_document_comes_back_as_it_was_filled_in(me):
    for _ in range(GENERATIONS):
        await me.ask("POST", "/generate/outline", json={"title": TITLE})
    page = (await me.client.get("/documents/new", headers=PAGE)).text
    norm = page.partition('<select id="norm"')[2].partition('<option value="')[2].partition('"')[0]
    form = {"title": TITLE, "pages": "12", "language": "en", "citation_style": "apa", "norm": norm}
    answer = await me.client.post("/documents/new", data=form, headers=PAGE)
    assert is_refused_page(answer, "This was done too often in a short time.")
    assert TITLE in answer.text
    assert (await me.ask("GET", "/documents")).json()["items"] == []


async def test_files_and_records_count_by_route_and_form_together(me):
    document_id = await me.create()
    path = f"/documents/{document_id}/sources"
    assert (await me.ask("POST", path, json=ABSTRACTS[0])).status_code == 201
    files = [("files", (f"{number}.txt", b"A text that is read.")) for number in range(2)]
    answer = await me.client.post(path, files=files, headers=PAGE)
    assert answer.status_code == 303
    one = {"file": ("one.txt", b"A text that is read too.")}
    assert (await me.ask("POST", path, files=one)).status_code == 201
    assert is_refused(await me.ask("POST", path, files=one), within_s=3600)
    answer = await me.client.post(path, files=files, headers=PAGE)
    assert is_refused_page(answer, "This was done too often in a short time.")


async def test_exports_count_by_route_and_page_together(me):
    document_id = await me.create()
    answer = await me.ask("PUT", f"/documents/{document_id}", json={"content": "# A chapter\n\nA text."})
    assert answer.status_code == 200, answer.text
    path = f"/documents/{document_id}"
    assert (await me.ask("GET", f"{path}/export?format=md")).status_code == 200
    assert (await me.client.get(f"{path}/download/md", headers=PAGE)).status_code == 200
    assert is_refused(await me.ask("GET", f"{path}/export?format=md"), within_s=3600)
    answer = await me.client.get(f"{path}/download/md", headers=PAGE)
    assert is_refused_page(answer, "This was done too often in a short time.")


async def test_what_is_limited_says_so_in_the_schema(visitor):
    paths = (await visitor.client.get("/openapi.json")).json()["paths"]
    limited = {
        (method, path)
        for path, methods in paths.items()
        for method, told in methods.items()
        if "429" in told["responses"]
    }
    assert {
        ("post", "/api/v1/auth/magic-link"),
        ("post", "/api/v1/auth/magic-link/verify"),
        ("post", "/api/v1/generate/outline"),
        ("post", "/api/v1/generate/document-async"),
        ("post", "/api/v1/documents/{document_id}/resume"),
        ("post", "/api/v1/documents/{document_id}/sources"),
        ("get", "/api/v1/documents/{document_id}/export"),
    } <= limited


async def test_without_any_setting_the_sixth_link_and_the_sixth_wrong_code_are_refused(tmp_path):
    unset = {name: Settings.model_fields[name].default for name in GENEROUS}
    async with opened_house(tmp_path, **unset) as house, errands(house), visitor_of(house) as visitor:
        links = [await visitor.ask_for_link() for _ in range(8)]
        assert [answer.status_code for answer in links] == [202] * 5 + [429] * 3
        wrong = [await visitor.redeem("AAAA-BBBB") for _ in range(8)]
        assert [answer.status_code for answer in wrong] == [400] * 5 + [429] * 3
        assert all(is_refused(answer) for answer in (*links[5:], *wrong[5:]))
        async with visitor_of(house) as elsewhere:
            await elsewhere.sign_in()


async def test_when_redis_is_away_nobody_signs_in_and_all_else_goes_on(tmp_path):
    with redis_server(tmp_path) as server:
        given = {**LIMITS, "redis_url": server.url}
        async with opened_house(tmp_path, **given) as house, errands(house), visitor_of(house) as me:
            await me.sign_in()
            with server.client() as redis:
                keys = [key.decode() for key in redis.keys("tesigo:rate:*")]
            assert {key.split(":")[2] for key in keys} >= {"links-by-client", "links-by-email"}
            assert not any(mark in key for key in keys for mark in ("10.0.", "@", "visitor"))
            before = await count_codes(house)
            server.pause()
            try:
                for answer in (await me.ask_for_link(), await me.redeem("AAAA-BBBB")):
                    assert (answer.status_code, answer.json()["code"]) == (503, "rates_away")
                    assert 1 <= int(answer.headers["retry-after"]) <= 5
                answer = await me.client.post("/sign-in", data={"email": me.email}, headers=PAGE)
                assert answer.status_code == 503
                assert int(answer.headers["retry-after"]) >= 1
                assert await count_codes(house) == before
                document_id = await me.create()
                for _ in range(UPLOADS + 1):
                    added = await me.ask("POST", f"/documents/{document_id}/sources", json=ABSTRACTS[0])
                    assert added.status_code == 201
                queued = await me.ask("POST", "/generate/document-async", json={"document_id": document_id})
                assert queued.status_code == 202
            finally:
                server.go_on()
