"""Failures are pages for people and problems for programs."""

import httpx
import pytest
from fastapi import FastAPI
from tests.web.conftest import Browser, words_on

from tesigo.kit.errors import TooLarge, Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def app(browser: Browser) -> FastAPI:
    """The application behind the browser."""
    transport = browser.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    return transport.app


async def test_a_page_that_is_not_there_helps_in_the_readers_language(browser: Browser):
    page = await browser.open("/nothing", **{"accept-language": "uk"})
    assert page.status_code == 404
    assert "Тут нічого немає" in words_on(page)
    assert "/documents" in page.text


async def test_an_address_that_cannot_be_is_not_there_either(browser: Browser):
    await browser.sign_in()
    for address in ("/documents/abc", "/documents/0", "/documents/1/download/exe"):
        assert (await browser.open(address)).status_code == 404, address


async def test_programs_get_problems(browser: Browser):
    for address, accepted in (("/nothing", "application/json"), ("/api/v1/nothing", "text/html")):
        answer = await browser.open(address, accept=accepted)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_wrong_method_is_a_page_too(browser: Browser):
    answer = await browser.send("/")
    assert answer.status_code == 405
    assert answer.headers["content-type"].startswith("text/html")
    assert "GET" in answer.headers["allow"]


async def test_what_fails_inside_says_so_without_saying_what(browser: Browser, app: FastAPI):
    @app.get("/breaks")
    async def breaks():
        raise RuntimeError("SELECT secret FROM /etc/passwd")

    page = await browser.open("/breaks")
    assert page.status_code == 500
    assert "Something went wrong on our side" in words_on(page)
    assert "SELECT" not in page.text
    assert "content-security-policy" in page.headers


async def test_what_fails_on_the_way_in_is_answered_with_all_headers_too(browser: Browser, app: FastAPI):
    class Away:
        def __init__(self, _app):
            pass

        async def __call__(self, *_connection):
            raise Unavailable("The database is away.")

    app.add_middleware(Away)
    page = await browser.open("/documents")
    assert page.status_code == 503
    assert "not working just now" in words_on(page)
    problem = await browser.open("/documents", accept="application/json")
    for answer in (page, problem):
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_a_failure_of_ours_is_answered_with_its_sentence(browser: Browser, app: FastAPI):
    @app.get("/large")
    async def large():
        raise TooLarge("The file is larger than 20 MB.")

    @app.get("/away")
    async def away():
        raise Unavailable("The store at 10.0.0.7 is away.")

    page = await browser.open("/large")
    assert page.status_code == 413
    assert "The file is larger than 20 MB." in words_on(page)
    page = await browser.open("/away")
    assert page.status_code == 503
    assert "10.0.0.7" not in page.text


async def test_a_part_of_a_page_sends_the_whole_page_to_sign_in(browser: Browser):
    answer = await browser.open("/documents/7", **{"hx-request": "true"})
    assert answer.status_code == 200
    assert answer.headers["hx-redirect"] == "/sign-in?next=/documents/7"
