"""What a browser keeps for us may have been changed by whoever has it, and stops no page."""

import base64
import json

import pytest
from tests.web.conftest import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALF = "\ud800"
CHANGED = {
    "browser": [HALF * 43, "x" * 42 + HALF],
    "asked": [[HALF, "/documents"], ["a@example.com", "/" + HALF], [f"{HALF}@example.com", ""]],
    "notices": [[["done", HALF]], [["warning", "a"], {"deep": [[HALF]]}], {HALF: 1}],
    "language": [HALF, [HALF]],
}


@pytest.mark.parametrize("name", CHANGED)
async def test_half_a_letter_in_a_cookie_counts_as_no_cookie(browser: Browser, name):
    for value in CHANGED[name]:
        text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        kept = {"cookie": f"tesigo_{name}={text}"}
        for address in ("/", "/sign-in", "/sign-in/code", "/sign-in/link", "/nothing"):
            answer = await browser.client.get(address, headers=kept)
            assert answer.status_code in (200, 404), (value, address)
        for address in ("/sign-in", "/sign-in/code", "/language"):
            fields = {"email": "b@example.com", "code": "ABCD", "language": "en"}
            answer = await browser.client.post(address, data=fields, headers=kept, follow_redirects=False)
            assert answer.status_code in (303, 400), (value, address)
