"""What an operator may rely on: no start with weak keys, closed doors in production, and logs without secrets."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from tests.databases import EMBEDDED, database
from tests.houses import code_from_mail
from tests.integration.sites import cookies_of
from tests.ports import kept_port
from tests.processes import Running, tesigo

pytestmark = pytest.mark.breakdown
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_secrets.py"
PUBLIC = "https://tesigo.example.org"
GOOD, OTHER = "k3y-of-an-installation-" * 2, "another-k3y-of-an-installation-" * 2


def with_word(word: str) -> str:
    return f"{GOOD}{word}{GOOD}"


SHORT = "must be at least 32 characters long"
REFUSED = {
    "a word, and short": (
        {"SECRET_KEY": with_word("aDMIN"), "JWT_SECRET": OTHER[:31]},
        ['SECRET_KEY: must not contain the word "admin"', f"JWT_SECRET: {SHORT}"],
    ),
    "equal": ({"SECRET_KEY": GOOD, "JWT_SECRET": GOOD}, ["SECRET_KEY and JWT_SECRET must differ"]),
}
"""Each pair starts a process; every single rule is tried in tests/kit/test_settings.py."""


@pytest.mark.parametrize("why", REFUSED)
async def test_weak_keys_stop_the_start_with_the_variable_and_the_rule_and_never_the_value(why, tmp_path):
    given, sentences = REFUSED[why]
    async with tesigo("serve", "--port", "0", folder=tmp_path, **given) as running:
        assert await running.until_ended(within_s=60) == 2
    assert running.printed.startswith("tesigo: ")
    for sentence in sentences:
        assert sentence in running.printed
    for key in (given["SECRET_KEY"], given["JWT_SECRET"], GOOD[:31], OTHER[:31]):
        assert not key or key not in running.printed
    assert not (tmp_path / "data" / "postgresql").exists()


def printed_pair() -> dict[str, str]:
    """Return what `scripts/generate_secrets.py` says to put into `.env`."""
    printed = subprocess.run([sys.executable, str(SCRIPT)], check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"^(SECRET_KEY|JWT_SECRET)=(\S+)$", printed, re.MULTILINE))


@asynccontextmanager
async def in_production(
    folder: Path, keys: dict[str, str]
) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    """Run an installation in production over a database of its own, with a client that talks to it directly."""
    async with database(EMBEDDED) as url:
        given = {
            **keys,
            "ENVIRONMENT": "production",
            "PUBLIC_URL": PUBLIC,
            "DATABASE_URL": url,
            "SIGN_IN_LIMIT": "100",
        }
        with kept_port() as port:
            serving = tesigo("serve", "--no-worker", "--port", str(port), folder=folder, **given)
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)
            async with serving as running, client:
                await running.until_printed("TesiGo is ready")
                yield running, client


async def test_nothing_that_a_user_does_leaves_a_secret_in_the_logs_of_production(tmp_path):
    keys = printed_pair()
    assert keys.keys() == {"SECRET_KEY", "JWT_SECRET"}
    async with in_production(tmp_path, keys) as (running, client):
        secrets = await do_everything(client, tmp_path / "data" / "outbox")
        for closed in ("/openapi.json", "/docs", "/redoc", "/metrics", "/metrics/"):
            assert (await client.get(closed)).status_code == 404, closed
        await running.until_printed('"path": "/metrics/"')
    lines = [line for line in running.printed.splitlines() if line.startswith("{")]
    assert len(lines) > 20
    assert all(isinstance(json.loads(line), dict) for line in lines)
    for name, secret in {**secrets, **keys}.items():
        assert secret not in running.printed, f"{name} is in the logs"


async def do_everything(client: httpx.AsyncClient, outbox: Path) -> dict[str, str]:
    """Do what users, their browsers and attackers do; return what nobody may find in the logs, by name."""
    email, reader = "olena.kovalenko@example.com", "taras.reader@example.com"
    api, own = "/api/v1", {"Origin": PUBLIC, "Accept": "text/html"}
    await client.post(f"{api}/auth/magic-link", json={"email": email})
    code = await code_from_mail(outbox, email)
    await client.post(f"{api}/auth/magic-link/verify", json={"code": code})  # without consent
    wrong = "MFRG-GZDF-MZTW-Q2LK-NRWX-G5DV-OZ3X"
    await client.post(f"{api}/auth/magic-link/verify", json={"code": wrong, "gdpr_consent": True})
    entered = await client.post(f"{api}/auth/magic-link/verify", json={"code": code, "gdpr_consent": True})
    tokens = entered.json()
    await client.post(f"{api}/auth/magic-link/verify", json={"code": code, "gdpr_consent": True})
    renewed = (
        await client.post(f"{api}/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    ).json()
    headers = {"Authorization": f"Bearer {renewed['access_token']}"}
    forged = f"{renewed['access_token'][:-3]}xyz"
    await client.get(f"{api}/user/me", headers={"Authorization": f"Bearer {forged}"})
    text = "Kalynivka grades essays"
    made = await client.post(f"{api}/documents", json={"title": text}, headers=headers)
    address = f"{api}/documents/{made.json()['id']}"
    await client.put(address, json={"content": f"# Marks\n\n{text}.\n"}, headers=headers)
    await client.put(address, json={"content": f"{text} [@nobody2020]"}, headers=headers)
    await client.post(f"{address}/draft", json={"content": text, "based_on": text}, headers=headers)
    file = {"file": (f"{text}.bib", b"@article{broken")}
    await client.post(f"{address}/sources", files=file, headers=headers)
    await client.get(f"{address}/export", params={"format": "docx"}, headers=headers)
    await client.post(f"{api}/documents", content=f'{{"title": "{text}'.encode(), headers=headers)
    await client.post("/sign-in", data={"email": f"{email} {text}"}, headers=own)
    asked = await client.post("/sign-in", data={"email": reader}, headers=own)
    browser_code = await code_from_mail(outbox, reader)
    kept = cookies_of(asked)
    form = {"code": browser_code, "essential": "true"}
    page = await client.post("/sign-in/code", data=form, headers={**own, "Cookie": header_of(kept)})
    assert page.status_code == 303, page.text
    cookies = cookies_of(page)
    assert {"__Host-tesigo_access", "__Host-tesigo_refresh"} <= cookies.keys()
    for line in (line for answer in (asked, page) for line in answer.headers.get_list("set-cookie")):
        assert "Secure" in line
        assert "HttpOnly" in line
    await client.get("/documents", headers={**own, "Cookie": header_of(cookies)})
    await client.post("/sign-out", headers={**own, "Cookie": header_of(cookies)})
    await client.post(f"{api}/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    await client.post(f"{api}/auth/logout", json={"refresh_token": renewed["refresh_token"]})
    await client.get("/nothing", headers=headers)
    return {
        "an address": email,
        "an address of a browser": reader,
        "a code": code,
        "a code as it is stored": code.replace("-", ""),
        "a wrong code": wrong,
        "a code of a browser": browser_code,
        **{f"the old {name}": tokens[name] for name in ("access_token", "refresh_token")},
        **{f"the new {name}": renewed[name] for name in ("access_token", "refresh_token")},
        "a signature": renewed["access_token"].rpartition(".")[2],
        "a forged token": forged,
        **cookies,
        "the user's text": text,
        "the user's words": "Kalynivka",
    }


def header_of(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
