"""`tesigo users` as who runs an installation meets it: what is listed, what is set, what is refused."""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from sqlalchemy import text
from tests.databases import EMBEDDED, create_database, drop_database, embedded_url
from tests.houses import client_of, migrated, opened_house, sign_in
from tests.processes import served, tesigo

from tesigo.entry import cli
from tesigo.entry.users_command import set_rights
from tesigo.kit.db import Database

Run = Callable[..., tuple[int, str, str]]
USERS = (
    "INSERT INTO users (email, is_admin, is_premium, created_at, factor_seed, factor_confirmed_at, deleted_at) "
    "VALUES ('olena@example.com', false, true, '2026-01-02', null, null, null), "
    "('boss@example.com', true, false, '2026-01-03', 'ab', '2026-01-04', null), "
    "('deleted_3@deleted.com', true, true, '2026-01-05', null, null, '2026-01-06')"
)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """Give the URL of a database with two users and a deleted one, which the command is set to."""
    url = asyncio.run(make_filled())
    monkeypatch.setenv("DATABASE_URL", url)
    capsys.readouterr()  # what the tests' own server says when it starts
    yield url
    asyncio.run(drop_database(embedded_url(), url))


async def make_filled() -> str:
    url = await create_database(embedded_url(), template=await migrated(EMBEDDED))
    store = Database(url)
    async with store.transaction() as tx:
        await tx.execute(text(USERS))
    await store.close()
    return url


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return what runs `tesigo users`: (exit code, output, errors)."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ADMIN_EMAILS", "Boss@example.com")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tesigo", "users", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, " ".join(written.err.split())

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    async def ask() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_users_are_listed_with_tabs_between_and_deleted_ones_are_not(run: Run, database: str):
    code, out, err = run("list")
    assert code == 0
    assert out == (
        "1\tolena@example.com\t\tpremium\t\t2026-01-02\n2\tboss@example.com\tadmin\t\tsecond factor\t2026-01-03\n"
    )
    assert err.endswith("2 users.")


def test_what_is_named_is_set_and_all_else_stays(run: Run, database: str):
    code, out, _ = run("set", " Olena@EXAMPLE.com", "--admin", "--daily-tokens", "5000")
    assert (code, out) == (0, "1\tolena@example.com\tadmin\tpremium\t\t2026-01-02\n")
    limits = "SELECT is_admin, is_premium, daily_token_limit FROM users WHERE id = 1"
    assert rows(database, limits) == [(True, True, 5000)]
    assert run("set", "olena@example.com", "--no-premium")[0] == 0
    assert rows(database, limits) == [(True, False, 5000)]
    assert run("set", "olena@example.com", "--daily-tokens", "none", "--no-admin")[0] == 0
    assert rows(database, limits) == [(False, False, None)]
    assert rows(database, "SELECT is_admin, is_premium FROM users WHERE id = 2") == [(True, False)]


def test_only_a_change_of_who_is_administrator_is_logged_by_id_alone(run: Run, database: str):
    _, _, err = run("set", "olena@example.com", "--admin")
    assert "administrator made" in err
    assert "user_id=1" in err
    assert "olena" not in err
    assert "administrator" not in run("set", "olena@example.com", "--admin", "--premium")[2]
    assert "administrator unmade" in run("set", "olena@example.com", "--no-admin")[2]


def test_whom_admin_emails_makes_administrator_the_command_does_not_unmake(run: Run, database: str):
    code, out, err = run("set", "boss@example.com", "--no-admin", "--premium")
    assert (code, out) == (2, "")
    assert "ADMIN_EMAILS" in err
    assert rows(database, "SELECT is_admin, is_premium FROM users WHERE id = 2") == [(True, False)]
    assert run("set", "boss@example.com", "--premium")[0] == 0
    assert run("set", "boss@example.com", "--admin")[0] == 0


@pytest.mark.parametrize("command", [("set", "--admin"), ("reset-second-factor",), ("sign-out",)])
@pytest.mark.parametrize(
    "address", ["nobody@example.com", "deleted_3@deleted.com", "no address", "\udcff@x.org"]
)
def test_an_address_that_is_no_users_is_told(run: Run, database: str, command: tuple[str, ...], address: str):
    code, out, err = run(command[0], address, *command[1:])
    assert (code, out) == (2, "")
    assert err.startswith("tesigo: ")
    assert rows(database, "SELECT is_admin FROM users ORDER BY id") == [(False,), (True,), (True,)]


@pytest.mark.parametrize("tokens", ["-1", "many", "2147483648", "1.5", "", "٣"])
def test_a_limit_that_is_none_is_told(run: Run, database: str, tokens: str):
    assert run("set", "olena@example.com", f"--daily-tokens={tokens}")[0] == 2
    assert run("set", "olena@example.com")[0] == 2  # nor is nothing set silently


def test_a_second_factor_is_reset_without_a_code(run: Run, database: str):
    code, out, err = run("reset-second-factor", "boss@example.com")
    assert (code, out) == (0, "The second factor is removed: sign-in does not ask for it.\n")
    assert "second factor reset" in err
    kept = "SELECT factor_seed, factor_confirmed_at, factor_step FROM users WHERE id = 2"
    assert rows(database, kept) == [(None, None, None)]
    assert run("reset-second-factor", "boss@example.com")[1] == "No second factor was in force.\n"


def test_all_sign_ins_of_one_user_are_ended(run: Run, database: str):
    rows(
        database,
        "INSERT INTO sign_ins (id, user_id, refresh_hash, created_at, renewed_at, expires_at) "
        "SELECT gen_random_uuid(), who, 'hash', now(), now(), now() + interval '7 days' "
        "FROM unnest(ARRAY[1, 1, 2]) AS who",
    )
    assert run("sign-out", "olena@example.com")[:2] == (0, "2 sign-ins ended.\n")
    assert rows(database, "SELECT user_id FROM sign_ins WHERE revoked_at IS NULL") == [(2,)]
    assert run("sign-out", "olena@example.com")[1] == "0 sign-ins ended.\n"


@pytest.mark.breakdown
async def test_it_works_beside_a_server_on_the_embedded_database(tmp_path: Path):
    async with served(tmp_path) as _, tesigo("users", "list", folder=tmp_path) as listing:
        assert await listing.until_ended() == 0
        assert "0 users." in listing.printed


async def test_rights_hold_from_the_next_request_on_and_end_no_sign_in(tmp_path: Path):
    async with opened_house(tmp_path) as house, client_of(house) as client:
        olena = await sign_in(client, tmp_path / "outbox", "olena@example.com")
        for is_admin in (True, False):
            await set_rights("olena@example.com", {"is_admin": is_admin}, house.settings)
            assert (await client.get("/api/v1/user/me", headers=olena)).json()["is_admin"] is is_admin
            answer = await client.get("/api/v1/user/second-factor", headers=olena)
            assert answer.status_code == (200 if is_admin else 403)
