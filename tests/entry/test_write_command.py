"""`tesigo write` and `tesigo library` as a script meets them: exit codes, messages, files."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from tests.databases import create_database, drop_database, embedded_url
from tests.houses import ABSTRACTS
from tests.processes import tesigo

from tesigo.entry import cli
from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.write_command import _write_files
from tesigo.export.errors import UnknownCitation
from tesigo.export.formats import Format
from tesigo.manuscript import Manuscript, Section, SectionKind

Run = Callable[..., tuple[int, str, str]]
TITLE = "Feedback on student essays"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return what runs the command in a folder with `refs.jsonl`: (exit code, output, errors)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "refs.jsonl").write_text("\n".join(map(json.dumps, ABSTRACTS)))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tesigo", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, " ".join(written.err.split())

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def written(folder: Path) -> set[str]:
    """Return what lies in the folder besides what the test put there."""
    return {file.name for file in folder.iterdir()} - {"refs.jsonl", "data"}


def test_a_document_is_written_and_its_summary_says_where(run, tmp_path):
    code, out, err = run(
        "write", TITLE, "--pages", "5", "--source", "refs.jsonl", "--out", "a.md", "b.html", "a.md"
    )
    assert code == 0, err
    assert written(tmp_path) == {"a.md", "b.html"}
    lines = dict(line.split(": ", 1) for line in out.splitlines() if not line.startswith("File"))
    assert lines.keys() == {"Words", "Pages", "Sources", "Time"}
    assert 4 <= int(lines["Pages"]) <= 6
    assert out.splitlines()[-2:] == ["File: a.md", "File: b.html"]
    assert "(Adams, 2015)" in (tmp_path / "a.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "a.exe"), "the ending decides the format; use one of .pdf, .docx"),
        (("--out", "absent/a.md"), "there is no folder absent; make it first"),
        (("--out", "folder.md"), "this is a folder; name a file in it"),
        (("--out", "a.md", "b.exe"), "b.exe: the ending decides"),
        (("--out", "x" * 300 + ".md"), "no file can have this name"),
        (("--out", "a.md", "--pages", "4"), "ask for 5 to 200 pages"),
        (("--out", "a.md", "--pages", "201"), "ask for 5 to 200 pages"),
        (("--out", "a.md", "--pages", "many"), "parse string as an integer"),
        (("--out", "a.md", "--language", "de"), "choose one of en, uk, it"),
        (("--out", "a.md", "--style", "apa-7"), "did you mean"),
        (("--out", "a.md", "--norm", "harvard"), "choose one of"),
        (("--out", "a.md", "--author", "\udcff"), "author: this is no text in UTF-8"),
        (("--out", "a.md", "--author", "x" * 300), "keep the name within 200"),
        (("--out", "a.md", "--source"), "requires an argument"),
        (("--colour",), "No such option"),
    ],
)
def test_what_is_wrong_with_the_wish_is_told_before_any_work(run, tmp_path, arguments, sentence):
    (tmp_path / "folder.md").mkdir()
    code, out, err = run("write", TITLE, "--source", "refs.jsonl", *arguments)
    assert code == 2
    assert sentence.lower().replace(" ", "") in err.lower().replace("│", "").replace(" ", "")
    assert out == ""
    assert "Reading" not in err
    assert written(tmp_path) == {"folder.md"}


def test_files_that_cannot_be_read_are_named_with_their_reasons_and_the_others_serve(run, tmp_path):
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "fake.pdf").write_bytes(b"MZ\x90\x00" + bytes(200))
    (bad / "empty.txt").write_bytes(b"")
    (bad / "large.txt").write_bytes(b"word " * (5 << 20))
    sources = ("refs.jsonl", "bad", "absent.pdf")
    code, _, err = run("write", TITLE, "--pages", "5", "--source", *sources, "--out", "a.md")
    assert code == 0, err
    for name in ("bad/fake.pdf:", "bad/empty.txt:", "bad/large.txt:", "absent.pdf: cannot be opened"):
        assert f"! {name}" in err
    assert (tmp_path / "a.md").exists()


def test_with_nothing_to_write_from_it_ends_with_3_and_says_what_to_bring(run, tmp_path):
    (tmp_path / "fake.pdf").write_bytes(b"MZ\x90\x00")
    code, out, err = run("write", TITLE, "--source", "fake.pdf", "absent.pdf", "--out", "a.md")
    assert (code, out) == (3, "")
    assert "! fake.pdf:" in err
    assert "Bring papers" in err
    assert not (tmp_path / "a.md").exists()


async def test_when_one_file_cannot_be_rendered_none_is_written_and_what_was_there_stays(tmp_path):
    (tmp_path / "a.bib").write_text("before")
    section = Section("1", "One", SectionKind.BODY, "Cites [@nobody1999].")
    manuscript = Manuscript("T", "en", "apa", "generic", (section,), ())
    out = [tmp_path / "a.bib", tmp_path / "b.docx"]
    with pytest.raises(UnknownCitation):
        await _write_files(manuscript, out, [Format.BIBTEX, Format.DOCX], ProgressBars(Console(quiet=True)))
    assert written(tmp_path) == {"a.bib"}
    assert (tmp_path / "a.bib").read_text() == "before"


@pytest.mark.parametrize("stage", ["Writing sections", "Setting pages"])
async def test_ctrl_c_stops_it_soon_and_leaves_nothing_half_written(tmp_path, stage):
    (tmp_path / "refs.jsonl").write_text("\n".join(map(json.dumps, ABSTRACTS)))
    arguments = ("write", TITLE, "--pages", "5", "--source", "refs.jsonl", "--out", "a.pdf", "a.docx")
    async with tesigo(*arguments, folder=tmp_path) as running:
        await running.until_printed(stage)
        running.send(signal.SIGINT)
        assert await running.until_ended(within_s=15) == 130
    assert running.printed.endswith("tesigo: stopped.\n")
    assert written(tmp_path) == set()


def test_the_library_takes_each_work_once_and_lists_it(run, tmp_path, monkeypatch, capsys):
    (tmp_path / "fake.pdf").write_bytes(b"MZ\x90\x00")
    url = asyncio.run(create_database(embedded_url()))
    monkeypatch.setenv("DATABASE_URL", url)
    capsys.readouterr()  # what the tests' own server says when it starts
    for added in ("8 added, 0 known already, 8 in", "0 added, 8 known already, 8 in"):
        code, out, err = run("library", "add", "refs.jsonl", "fake.pdf")
        assert (code, out) == (0, f"{added} the library.\n")
        assert "! fake.pdf:" in err
    code, out, err = run("library", "list")
    assert code == 0
    assert out.splitlines()[0] == "adams2015\t2015\tAdams\tFeedback on essays, study 0\tabstract"
    assert "8 sources." in err
    assert run("library", "add", "fake.pdf")[0] == 3
    asyncio.run(drop_database(embedded_url(), url))


def test_a_database_that_does_not_answer_ends_it_with_4_and_no_password(run, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hush@127.0.0.1:1/x")
    code, _, err = run("migrate")
    assert code == 4
    assert "check DATABASE_URL" in err
    assert "hush" not in err
    assert os.environ["DATABASE_URL"] not in err
