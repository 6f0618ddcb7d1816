"""Without a mail server, mails are files that a mail program opens."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.fakes.smtp_server import parse

from tesigo.accounts.errors import MailNotSent
from tesigo.accounts.mails import compose_link_mail
from tesigo.adapters.folder_mail import FolderMail

NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
SENDER = "TesiGo <tesigo@localhost>"
CODE = "MFRG-GZDF-MZTW-Q2LK-NRWX-G5DV-OZ3X"


def link_mail(to: str = "olena@example.com"):
    return compose_link_mail(to=to, code=CODE, base_url="http://x", minutes=10, language="uk")


def stored(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_a_mail_is_one_readable_file_for_its_owner_only(tmp_path: Path):
    outbox = tmp_path / "data" / "outbox"
    await FolderMail(outbox, sender=SENDER, clock=lambda: NOW).send(link_mail())
    (file,) = stored(outbox)
    assert file.suffix == ".eml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert outbox.stat().st_mode & 0o777 == 0o700
    message = parse(file.read_bytes())
    assert message["To"] == "olena@example.com"
    assert message["From"] == SENDER
    assert message.get_body(("plain",)).get_content().splitlines() == link_mail().text.splitlines()
    assert CODE in message.get_body(("html",)).get_content()


async def test_the_names_are_unique_and_sort_by_time(tmp_path: Path):
    times = [NOW, NOW, NOW + timedelta(seconds=1), NOW + timedelta(hours=12)]
    clock = iter(times)
    mailer = FolderMail(tmp_path, sender=SENDER, clock=lambda: next(clock))
    for number in range(4):
        await mailer.send(link_mail(f"user{number}@example.com"))
    files = stored(tmp_path)
    assert len(files) == 4
    assert [parse(file.read_bytes())["Date"].datetime for file in files] == times


async def test_development_is_told_the_link_and_the_code(tmp_path: Path):
    told: list[str] = []
    await FolderMail(tmp_path, sender=SENDER, clock=lambda: NOW, announce=told.append).send(link_mail())
    (text,) = told
    assert "olena@example.com" in text
    assert f"http://x/sign-in/link#{CODE}" in text
    assert f"\n{CODE}\n" in text


async def test_a_folder_that_cannot_be_written_is_told_as_not_sent_without_its_path(tmp_path: Path):
    (tmp_path / "outbox").write_text("a file stands in the way")
    with pytest.raises(MailNotSent) as failure:
        await FolderMail(tmp_path / "outbox", sender=SENDER, clock=lambda: NOW).send(link_mail())
    assert str(tmp_path) not in failure.value.message


async def test_mails_are_kept_for_seven_days_and_what_is_no_mail_of_ours_for_ever(tmp_path: Path):
    for age in (timedelta(days=7, seconds=1), timedelta(days=7), timedelta()):
        await FolderMail(tmp_path, sender=SENDER, clock=lambda age=age: NOW - age).send(link_mail())
    left_by_a_crash = tmp_path / ".20200101T000000.000000Z-0123abcd.part"
    for file in (left_by_a_crash, tmp_path / "20200101-notes.eml", tmp_path / ".hidden"):
        file.write_text("kept?")
    mailer = FolderMail(tmp_path, sender=SENDER, clock=lambda: NOW)
    assert await mailer.forget_old(NOW) == 2
    assert [file.name for file in stored(tmp_path)][:2] == [".hidden", "20200101-notes.eml"]
    assert len(stored(tmp_path)) == 4
    assert await mailer.forget_old(NOW) == 0


async def test_where_no_mail_was_ever_written_none_is_removed(tmp_path: Path):
    assert await FolderMail(tmp_path / "outbox", sender=SENDER, clock=lambda: NOW).forget_old(NOW) == 0
