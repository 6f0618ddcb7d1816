"""Makers of manuscripts, and readers of what they are rendered to."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pypdfium2
from lxml import etree

from tesigo.export.formats import Format
from tesigo.export.rendering import render
from tesigo.manuscript import Manuscript, Section, SectionKind, Source

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

PROSE = {
    "en": "Teachers report that students use the tools for drafting and for explanation; examiners report "
    "that they can no longer tell which sentence is whose. What follows gathers the evidence at hand, "
    "compares what the authors claim, and says where they disagree with each other and with what was "
    "measured.",
    "uk": "Викладачі повідомляють, що студенти користуються цими засобами для чернеток і пояснень; "
    "екзаменатори кажуть, що вже не можуть розрізнити, чиє саме речення перед ними. Далі зібрано наявні "
    "свідчення, порівняно твердження авторів і показано, у чому вони не погоджуються між собою та з "
    "виміряним.",
    "it": "Gli insegnanti riferiscono che gli studenti usano gli strumenti per le bozze e per le "
    "spiegazioni; gli esaminatori dicono di non riuscire più a capire di chi sia una frase. Quanto segue raccoglie "
    "le testimonianze disponibili, confronta le affermazioni degli autori e indica dove non concordano.",
}

_FRAME = {
    "en": ("Abstract", "Introduction", "Methods of teaching", "Conclusion"),
    "uk": ("Анотація", "Вступ", "Методи навчання", "Висновки"),
    "it": ("Sommario", "Introduzione", "Metodi di insegnamento", "Conclusioni"),
}


def make_source(key: str, **csl: Any) -> Source:
    fields = {
        "id": key,
        "type": "article-journal",
        "title": f"The work of {key}",
        "author": [{"family": key.capitalize().rstrip("0123456789"), "given": "Ann"}],
        "issued": {"date-parts": [[2021]]},
        "container-title": "Journal of Teaching",
        "volume": "3",
        "page": "1-9",
    }
    return Source(key, {**fields, **csl})


SOURCES = tuple(make_source(key) for key in ("adams2021", "baker2021", "clark2021", "dunn2021"))


def make_section(number: str, heading: str, content: str, kind: SectionKind = SectionKind.BODY) -> Section:
    return Section(number, heading, kind, content)


def make_manuscript(language: str = "en", *, paragraphs: int = 4, **changes: Any) -> Manuscript:
    """Return a document of four parts that cites three of its four sources."""
    prose = PROSE[language]
    abstract, introduction, chapter, conclusion = _FRAME[language]
    body = "\n\n".join([f"{prose} [@clark2021]"] * paragraphs)
    manuscript = Manuscript(
        title="Teaching with machines: what the evidence says",
        language=language,
        citation_style="apa",
        norm="generic",
        sections=(
            make_section("0", abstract, prose, SectionKind.ABSTRACT),
            make_section("1", introduction, f"{prose} [@adams2021, p. 3]", SectionKind.INTRODUCTION),
            make_section("2", chapter, prose),
            make_section("2.1", f"{chapter} I", body),
            make_section("2.2", f"{chapter} II", f"> {prose} [@baker2021]\n\n{body}"),
            make_section("3", conclusion, prose, SectionKind.CONCLUSION),
        ),
        sources=SOURCES,
        author="Ann Author",
        statement="Written by a test.",
        dated=date(2026, 11, 23),
        pages=6,
    )
    return replace(manuscript, **changes)


def make_single(content: str, **changes: Any) -> Manuscript:
    """Return a document of one section with that content."""
    return make_manuscript(sections=(make_section("1", "Only", content),), statement="", **changes)


@cache
def rendered(manuscript: Manuscript, kind: Format) -> bytes:
    """Return the file, made once for all tests that ask for the same."""
    return render(manuscript, kind)


def pdf_pages(data: bytes) -> list[str]:
    """Return the text of each page, hyphens of line ends and blanks of any kind made plain."""
    with pypdfium2.PdfDocument(data) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return [" ".join(re.sub("[\ufffe\u0002]\\s*", "", text).split()) for text in texts]


def pdf_text(data: bytes) -> str:
    return " ".join(pdf_pages(data))


def without_blanks(text: str) -> str:
    """Return the signs alone: a line that is broken within a word reads as if it had a blank there."""
    return re.sub(r"\s+", "", text)


def docx_part(data: bytes, name: str = "word/document.xml") -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return etree.fromstring(archive.read(name))


def docx_paragraphs(data: bytes) -> list[tuple[str, str]]:
    """Return (style, text) of each paragraph."""
    found = []
    for paragraph in docx_part(data).iter(f"{W}p"):
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        text = "".join(
            "\t" if node.tag == f"{W}tab" else node.text or "" for node in paragraph.iter(f"{W}t", f"{W}tab")
        )
        found.append(("" if style is None else style.get(f"{W}val"), text))
    return found


def docx_text(data: bytes) -> str:
    return " ".join(text for _, text in docx_paragraphs(data))
