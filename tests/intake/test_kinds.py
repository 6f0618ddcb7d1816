"""A file's kind is decided by its content."""

import codecs

import pytest

from tesigo.intake.errors import EncryptedFile, MismatchedName, NoText, UnsupportedFile
from tesigo.intake.reading import read_sources
from tesigo.kit.errors import Failure

PROSE = "Teachers who saw the feedback early changed their next lesson.\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"MZ\x90\x00\x03" + bytes(60), "Windows program"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "Linux program"),
        (b"#!/bin/sh\nrm -rf /\n", "script"),
        (b"#! /usr/bin/env python\n", "script"),
        (b"\xef\xbb\xbf#!/bin/sh\n", "script"),
        (b"<?php system($_GET['x']); ?>", "script"),
        (b"\n  <?PHP echo 1;", "script"),
        (codecs.BOM_UTF16_LE + "#!/bin/sh\nrm -rf /\n".encode("utf-16-le"), "script"),
        ("#!/bin/sh\nrm -rf everything\n".encode("utf-16-le"), "script"),
        (codecs.BOM_UTF16_BE + "<?php system(1);".encode("utf-16-be"), "script"),
        (b"{\\rtf1\\ansi Hello}", "RTF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "image"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "image"),
        (b"GIF89a" + bytes(60), "image"),
        (b"BM\x36\x00" + bytes(60), "image"),
        (b"\x1f\x8b\x08" + bytes(60), "archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60) + "WordDocument".encode("utf-16-le"), "old Word"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "web page"),
        (b"<?xml version='1.0'?><records/>", "XML"),
        (b"text\x00with\x00zeros", "neither text nor"),
        (bytes(range(256)) * 20, "neither text nor"),
        (b"\x01\x02\x03\x04 rubbish \x05\x06\x07\x08", "neither text nor"),
    ],
)
@pytest.mark.parametrize("name", ["file", "paper.txt"])
def test_what_cannot_be_a_source_is_named_and_refused(data, says, name):
    with pytest.raises(UnsupportedFile, match=says) as refusal:
        read_sources(name, data, taken=())
    assert "Bring PDF, DOCX" in refusal.value.message or "Save" in refusal.value.message


def test_a_locked_office_file_is_said_to_be_locked():
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(EncryptedFile, match="password"):
        read_sources("thesis.docx", data, taken=())


@pytest.mark.parametrize("data", [b"", b"\n \t\r\n", b"\x00" * 40, b"\xef\xbb\xbf", b"\xff\xfe \x00"])
def test_an_empty_file_is_said_to_be_empty(data):
    with pytest.raises(NoText, match="empty"):
        read_sources("paper.txt", data, taken=())


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.DOC", "a.odt", "a.exe", "a.png", "a.bib", "a.ris"])
def test_a_text_under_the_name_of_something_else_is_refused(name):
    with pytest.raises(MismatchedName, match="content is plain text"):
        read_sources(name, PROSE.encode(), taken=())


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a", "a.tex", "a.b.c", "dir/a.text", "README"])
def test_a_text_may_have_any_name_that_claims_nothing_else(name):
    assert read_sources(name, PROSE.encode(), taken=()).sources[0].full_text == PROSE


@pytest.mark.parametrize("name", ["refs.txt", "refs.bib", "refs.ris", "refs"])
def test_a_list_of_references_is_known_by_its_content(name):
    data = b"@article{x,\n  title = {Bees},\n  year = 2020\n}\n"
    (source,) = read_sources(name, data, taken=()).sources
    assert (source.title, source.year) == ("Bees", 2020)


@pytest.mark.parametrize(
    "text", ["[link](x) and prose", "{braces} open this text", "[1] A reference.", "BMW cars"]
)
def test_prose_that_begins_like_something_else_stays_prose(text):
    assert read_sources("a.md", text.encode(), taken=()).sources[0].full_text == text


def test_the_limit_on_size_is_named():
    with pytest.raises(Failure, match=r"larger than 0\.5 MiB") as refusal:
        read_sources("a.txt", b"x" * (1 << 20), taken=(), most_bytes=1 << 19)
    assert refusal.value.code == "file_too_large"
