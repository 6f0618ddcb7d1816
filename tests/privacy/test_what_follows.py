"""What lies outside the database goes through the queue, until it is gone."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.composers import always
from tests.fakes.files import FakeFiles
from tests.generation.jobs import FailingComposer, make_ready, request, rows, status
from tests.houses import HERE, client_of, opened_house
from tests.privacy.planting import make_everything
from tests.redis_servers import redis_server
from tests.writers import signed_in

from tesigo.accounts.ports import Mail
from tesigo.adapters.folder_files import FolderFiles
from tesigo.adapters.folder_mail import FolderMail
from tesigo.adapters.redis_checkpoints import RedisCheckpoints
from tesigo.documents.tasks import remove_files
from tesigo.entry.api import make_app
from tesigo.entry.wiring import open_house
from tesigo.generation.ports import Checkpoint, NoCopies
from tesigo.generation.tasks import run_job
from tesigo.kit.clock import system_clock
from tesigo.kit.queue import RetryIn, pause_since
from tesigo.kit.secret_keys import generate_pair
from tesigo.privacy.erasure_service import address_hash
from tesigo.privacy.tasks import Tools, forget_copies
from tesigo.writing.errors import FaultyText

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = generate_pair()


def asked(**more) -> dict:
    return {"asked_at": NOW.isoformat(), **more}


def outbox_of(folder: Path) -> FolderMail:
    return FolderMail(folder, sender="TesiGo <no-reply@example.com>", clock=system_clock)


def tools(mails, *, copies=None) -> Tools:
    return Tools(copies=copies or NoCopies(), mails=mails, keys=KEYS, clock=lambda: NOW)


async def test_mails_to_the_address_go_however_it_is_written_and_all_others_stay(tmp_path):
    mails = outbox_of(tmp_path)
    theirs = ("Ann.Lee@Example.com", "ann.lee@example.com", "ann.lee@EXAMPLE.COM")
    others = ("ann@example.com", "bann.lee@example.com", "ann.lee@example.org", "іван@пошта.укр")
    for to in (*theirs, *others):
        await mails.send(Mail(to=to, subject="s", text="t", html="h"))
    (tmp_path / ".20261123T000000.000000Z-0123abcd.part").write_bytes(b"To: ann.lee@example.com\r\n\r\nhalf")
    (tmp_path / "20261123T000000.000000Z-0123abcd.eml").write_bytes(b"\xff\xfe no mail at all")
    (tmp_path / "letter.eml").write_bytes(b"To: ann.lee@example.com\r\n\r\nnot ours")
    wanted = address_hash("ann.lee@example.com", keys=KEYS)
    assert "ann" not in wanted
    await forget_copies(tools(mails), asked(job_ids=[], address_hash=wanted))
    left = [message_from_bytes(file.read_bytes())["To"] for file in tmp_path.iterdir()]
    assert len(left) == len(others) + 2
    assert [to for to in left if to and to.lower() == "ann.lee@example.com"] == [
        "ann.lee@example.com"
    ]  # not ours
    await forget_copies(
        tools(mails), asked(job_ids=[], address_hash=address_hash("ІВАН@пошта.укр", keys=KEYS))
    )
    assert len(list(tmp_path.iterdir())) == len(others) + 1


@pytest.mark.parametrize("word", ["=3a=3b=20b", "", "=0d=0aTo=3aa"])
async def test_a_mail_to_what_is_no_address_keeps_no_other_mail_and_goes_with_its_own_user(tmp_path, word):
    mails, odd = outbox_of(tmp_path), f"=?utf-8?q?{word}?=@example.com"
    for number in range(3):
        await mails.send(Mail(to=f"ann{number % 2}@example.com", subject="s", text="t", html="h"))
    kept = tmp_path / "20261123T000000.000000Z-0123abcd.eml"
    kept.write_bytes(f"From: a@example.com\r\nTo: {odd}\r\n\r\nt".encode())
    with capture_logs() as logs:
        for address, left in (("ann0@example.com", 2), ("ann1@example.com", 1), (odd, 0)):
            wanted = address_hash(address, keys=KEYS)
            await forget_copies(tools(mails), asked(job_ids=[], address_hash=wanted))
            assert len(list(tmp_path.iterdir())) == left
    assert odd not in str(logs)


async def test_a_mail_that_cannot_be_opened_keeps_no_other_mail_and_is_tried_again(tmp_path):
    mails = outbox_of(tmp_path)
    (tmp_path / "10261123T000000.000000Z-0123abcd.eml").mkdir()
    for _ in range(3):
        await mails.send(Mail(to="ann@example.com", subject="s", text="t", html="h"))
    (tmp_path / "30261123T000000.000000Z-0123abcd.eml").mkdir()
    wanted = address_hash("ann@example.com", keys=KEYS)
    with pytest.raises(RetryIn), capture_logs():
        await forget_copies(tools(mails), asked(job_ids=[], address_hash=wanted))
    assert sorted(file.name[:4] for file in tmp_path.iterdir()) == ["1026", "3026"]


async def test_mails_that_cannot_be_removed_keep_no_copy_in_redis(tmp_path):
    class Locked:
        async def forget_mails(self, is_to):  # noqa: ARG002 - the port's
            raise AttributeError

    class Copies(NoCopies):
        forgotten: tuple = ()

        async def forget(self, job_ids):
            self.forgotten = tuple(job_ids)
            return True

    copies, job_id = Copies(), uuid.uuid4()
    with pytest.raises(RetryIn), capture_logs():
        await forget_copies(tools(Locked(), copies=copies), asked(job_ids=[str(job_id)], address_hash="x"))
    assert copies.forgotten == (job_id,)


async def test_an_outbox_that_cannot_be_read_is_tried_again(tmp_path):
    class Locked:
        async def forget_mails(self, is_to):  # noqa: ARG002 - the port's
            raise PermissionError

    with pytest.raises(RetryIn) as again, capture_logs():
        await forget_copies(tools(Locked()), asked(job_ids=[], address_hash="x"))
    assert again.value.delay_s == 2


async def test_copies_in_redis_are_removed_and_a_redis_that_hangs_is_asked_again(tmp_path):
    job_ids = [uuid.uuid4() for _ in range(250)]
    with redis_server(tmp_path) as server, server.client() as client:
        copies = RedisCheckpoints(server.url, secret="an installation's own key of some length", rest_s=0.05)
        for job_id in job_ids:
            await copies.keep(Checkpoint(job_id, 1, 0, ("1",), (), 0, NOW))
        assert client.dbsize() == 250
        client.set("another's", "stays")
        payload = asked(job_ids=[str(job_id) for job_id in job_ids], address_hash="x")
        server.pause()
        with pytest.raises(RetryIn), capture_logs():
            await forget_copies(tools(outbox_of(tmp_path), copies=copies), payload)
        server.go_on()
        async with asyncio.timeout(10):
            while client.dbsize() > 1:
                with capture_logs():
                    try:
                        await forget_copies(tools(outbox_of(tmp_path), copies=copies), payload)
                    except RetryIn:
                        await asyncio.sleep(0.05)  # as the queue waits
        assert client.keys() == [b"another's"]
        await copies.aclose()


async def test_files_are_removed_and_looked_for_again_until_none_is_left():
    class Forgetful(FakeFiles):
        """As storage that copies itself: what was removed is listed for a while."""

        times = 2

        async def remove_files(self, folder):
            self.times -= 1
            if self.times < 0:
                await super().remove_files(folder)

    files = Forgetful()
    files.kept = {"exports/1/a.pdf": b"", "exports/2/b.pdf": b"", "exports/11/c.pdf": b""}
    payload = asked(document_ids=[1, 2])
    for _ in range(2):
        with pytest.raises(RetryIn), capture_logs():
            await remove_files(files, lambda: NOW, payload)
    await remove_files(files, lambda: NOW, payload)
    assert list(files.kept) == ["exports/11/c.pdf"]


async def test_a_folder_that_is_broken_is_tried_again_and_is_empty_once_it_is_mended(tmp_path):
    files = FolderFiles(tmp_path)
    await files.keep_file("exports/1/a.pdf", b"x")
    away = tmp_path.parent / "away"
    (tmp_path / "exports").rename(away)
    (tmp_path / "exports").write_text("a file where the folder was")
    with pytest.raises(RetryIn), capture_logs():
        await remove_files(files, lambda: NOW, asked(document_ids=[1]))
    (tmp_path / "exports").unlink()
    away.rename(tmp_path / "exports")
    await remove_files(files, lambda: NOW, asked(document_ids=[1]))
    assert await files.list_files("exports/") == []


@pytest.mark.parametrize(
    ("tried_for_s", "pause_s"), [(-5, 2), (0, 2), (2.1, 8), (10.5, 30), (41, 120), (161, 600), (10**7, 600)]
)
def test_pauses_grow_and_then_stay(tried_for_s, pause_s):
    assert pause_since(NOW, NOW + timedelta(seconds=tried_for_s)) == pause_s
    assert pause_since(NOW, NOW + timedelta(seconds=tried_for_s), longest_s=60.0) == min(pause_s, 60)


@pytest.mark.asyncio(loop_scope="module")
async def test_mails_of_the_time_before_there_was_a_mail_server_go_with_the_account(tmp_path):
    outbox = tmp_path / "outbox"
    async with opened_house(tmp_path) as before:
        async with signed_in(before) as me:
            headers = {"Authorization": me.client.headers["authorization"]}
        settings = before.settings.model_copy(update={"smtp_url": SecretStr("smtp://127.0.0.1:9")})
        async with open_house(settings) as house, client_of(house, **headers) as client:
            assert list(outbox.iterdir())
            assert (await client.delete("/api/v1/user/delete-account")).status_code == 200
            async with asyncio.timeout(20):
                while list(outbox.iterdir()):  # noqa: ASYNC110 - only the folder knows
                    await asyncio.sleep(0.01)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_export_that_was_rendered_while_the_account_went_does_not_stay(me):
    document_id, _ = await make_everything(me.client, "wf1")
    app, files = make_app(me.house), FakeFiles()
    app.state.files = files
    headers = {"Authorization": me.client.headers["authorization"]}
    files.before_keeping = lambda: me.ask("DELETE", "/user/delete-account")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers, timeout=60) as client:
        answer = await client.get(f"/api/v1/documents/{document_id}/export?format=html")
    assert answer.status_code == 404
    assert list(files.kept) != []
    later = await rows(
        me, "SELECT convert_from(payload, 'UTF8')::jsonb AS payload, execute_after > now() + interval '9 minutes' "
        "AS is_later FROM pgqueuer WHERE entrypoint = 'remove_files'"
    )  # fmt: skip
    ours = [row for row in later if document_id in row.payload["document_ids"]]
    assert [row.is_later for row in ours].count(True) == 1  # whatever comes late, a second look finds it
    for row in ours:
        await remove_files(files, me.house.clock, row.payload)
    assert files.kept == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_files_go_with_a_deleted_document_although_the_store_is_away_at_that_moment(me):
    document_id, _ = await make_everything(me.client, "wf2")
    data = me.house.settings.data_dir / "files"
    folder = data / "exports" / str(document_id)
    assert list(folder.iterdir())
    away = data / "away"
    (data / "exports").rename(away)
    (data / "exports").write_text("a file where the folder was")
    assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
    async with asyncio.timeout(20):
        while True:
            tried = "SELECT 1 FROM pgqueuer_log WHERE entrypoint = 'remove_files' AND traceback IS NOT NULL"
            if await rows(me, tried):
                break
            await asyncio.sleep(0.05)
    (data / "exports").unlink()
    away.rename(data / "exports")
    async with asyncio.timeout(30):
        while True:
            if not folder.exists() or not list(folder.iterdir()):
                break
            await asyncio.sleep(0.05)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_failing_job_says_of_the_document_stands_in_its_row_and_in_no_log(me):
    job_id = await request(me, await make_ready(me))
    composer = FailingComposer(FaultyText("The section wf3 quotes nobody."))
    with capture_logs() as logs:
        await run_job(replace(me.house.tools, composers=always(composer)), {"job_id": str(job_id)})
    assert (await status(me, job_id))["error"] == "The section wf3 quotes nobody."
    assert [line["event"] for line in logs].count("job failed") == 1
    assert not [line for line in logs if "wf3" in str(line)]
