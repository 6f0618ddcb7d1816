import io
import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from tests.export.manuscripts import (
    W,
    docx_paragraphs,
    docx_part,
    make_manuscript,
    make_single,
    pdf_pages,
    rendered,
)
from tests.services import missing

from tesigo import export
from tesigo.export.formats import Format

_FONTS = Path(export.__file__).parent / "fonts"

_PARAGRAPH_ORDER = [
    "pStyle",
    "keepNext",
    "keepLines",
    "pageBreakBefore",
    "widowControl",
    "numPr",
    "tabs",
    "suppressAutoHyphens",
    "spacing",
    "ind",
    "contextualSpacing",
    "jc",
    "outlineLvl",
    "rPr",
    "sectPr",
]
_RUN_ORDER = [
    "rStyle",
    "rFonts",
    "b",
    "bCs",
    "i",
    "iCs",
    "caps",
    "smallCaps",
    "strike",
    "color",
    "sz",
    "szCs",
    "u",
    "vertAlign",
    "lang",
]
_STYLE_ORDER = [
    "name",
    "basedOn",
    "next",
    "link",
    "uiPriority",
    "semiHidden",
    "unhideWhenUsed",
    "qFormat",
    "pPr",
    "rPr",
    "tblPr",
    "tblStylePr",
]
_SECTION_ORDER = ["headerReference", "footerReference", "footnotePr", "pgSz", "pgMar", "pgNumType", "titlePg"]
_LEVEL_ORDER = ["start", "numFmt", "pStyle", "suff", "lvlText", "lvlJc", "pPr", "rPr"]
_ORDERS = {
    "pPr": _PARAGRAPH_ORDER,
    "rPr": _RUN_ORDER,
    "style": _STYLE_ORDER,
    "sectPr": _SECTION_ORDER,
    "numbering": ["abstractNum", "num"],
    "lvl": _LEVEL_ORDER,
    "tblPr": [
        "tblStyle",
        "tblW",
        "jc",
        "tblInd",
        "tblBorders",
        "tblLayout",
        "tblCellMar",
        "tblLook",
        "tblCaption",
    ],
}

RICH = (
    "Text with *emphasis*, a note^[Of the foot.], a formula $x^2$ and `code`.\n\n> A quotation.\n\n"
    "- a\n- b\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n: A table\n\n"
    "```\ncode\n```\n\nTerm\n:   Meaning\n"
)


@pytest.mark.parametrize(("norm", "pages"), [("generic", 6), ("dstu3008", 20), ("apa7", 10)])
def test_the_contents_name_the_pages_on_which_the_pdf_has_the_headings(norm: str, pages: int) -> None:
    manuscript = make_manuscript("it", norm=norm, pages=pages, paragraphs=12)
    texts = pdf_pages(rendered(manuscript, Format.PDF))
    first = 2 if pages >= 13 else 1
    entries = [
        text.rsplit("\t", 1)
        for style, text in docx_paragraphs(rendered(manuscript, Format.DOCX))
        if style.startswith("TOC") and "\t" in text
    ]
    assert len(entries) == 7
    for title, page in entries:
        heading = " ".join(title.split())
        heading = heading.upper() if norm == "dstu3008" and "." not in title.split()[0] else heading
        found = [number for number, text in enumerate(texts, 1) if heading in text and number > first + 1]
        assert int(page) in found, title


def test_headings_are_word_headings_numbered_by_word() -> None:
    data = rendered(make_manuscript(), Format.DOCX)
    headings = [(style, text) for style, text in docx_paragraphs(data) if style.startswith("Heading")]
    assert headings[:3] == [
        ("Heading1", "Introduction"),
        ("Heading1", "Methods of teaching"),
        ("Heading2", "Methods of teaching I"),
    ]
    texts = [level.get(f"{W}val") for level in docx_part(data, "word/numbering.xml").iter(f"{W}lvlText")]
    assert texts[:2] == ["%1", "%1.%2"]
    unnumbered = [
        "".join(paragraph.itertext())
        for paragraph in docx_part(data).iter(f"{W}p")
        if paragraph.find(f"{W}pPr/{W}numPr/{W}numId[@{W}val='0']") is not None
    ]
    assert unnumbered == ["References", "How this document was written"]


def test_only_the_title_page_is_without_a_number() -> None:
    data = rendered(make_manuscript(), Format.DOCX)
    properties = docx_part(data).find(f".//{W}sectPr")
    assert properties.find(f"{W}titlePg") is not None
    assert "PAGE" in "".join(docx_part(data, "word/footer1.xml").itertext())


def test_type_and_margins_are_those_of_the_norm() -> None:
    data = rendered(make_manuscript("uk", norm="dstu3008"), Format.DOCX)
    margins = docx_part(data).find(f".//{W}pgMar")
    sides_mm = [round(int(margins.get(f"{W}{side}")) / 56.7) for side in ("left", "right", "top", "bottom")]
    assert sides_mm == [30, 15, 20, 20]
    styles = docx_part(data, "word/styles.xml")
    body = styles.find(f"{W}style[@{W}styleId='BodyText']")
    assert body.find(f"{W}rPr/{W}sz").get(f"{W}val") == "28"
    assert body.find(f"{W}pPr/{W}spacing").get(f"{W}line") == "360"
    assert body.find(f"{W}rPr/{W}rFonts").get(f"{W}ascii") == "Times New Roman"


@pytest.mark.parametrize("norm", ["generic", "dstu3008"])
def test_elements_stand_in_the_order_of_the_schema(norm: str) -> None:
    data = rendered(make_single(RICH, norm=norm, citation_style="ieee"), Format.DOCX)
    names = [name for name in zipfile.ZipFile(io.BytesIO(data)).namelist() if name.startswith("word/")]
    for name in names:
        if not name.endswith(".xml") or "theme" in name:
            continue
        for parent in docx_part(data, name).iter(*(f"{W}{tag}" for tag in _ORDERS)):
            order = _ORDERS[parent.tag.removeprefix(W)]
            ranks = [order.index(child.tag.removeprefix(W)) for child in parent]
            assert ranks == sorted(ranks), (name, parent.tag, [child.tag for child in parent])


def test_every_style_and_relation_that_is_used_is_there() -> None:
    data = rendered(make_single(RICH + "\n[@adams2021] [x](https://example.org)"), Format.DOCX)
    styles = {style.get(f"{W}styleId") for style in docx_part(data, "word/styles.xml").iter(f"{W}style")}
    for part in ("word/document.xml", "word/footnotes.xml"):
        for tag in ("pStyle", "rStyle", "tblStyle"):
            used = {node.get(f"{W}val") for node in docx_part(data, part).iter(f"{W}{tag}")}
            assert used <= styles, used - styles
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        relations = archive.read("word/_rels/document.xml.rels").decode()
        text = archive.read("word/document.xml").decode()
    targets = {f"word/{target}" for target in re.findall(r'Target="([^":]+)"', relations)}
    assert targets <= names
    assert set(re.findall(r'r:id="(\w+)"', text)) <= set(re.findall(r'Id="(\w+)"', relations))


def test_the_properties_name_title_author_language_and_a_fixed_time() -> None:
    core = docx_part(rendered(make_manuscript("uk"), Format.DOCX), "docProps/core.xml")
    assert [child.text for child in core] == [
        "Teaching with machines: what the evidence says",
        "Ann Author",
        "uk-UA",
        "2026-11-23T00:00:00Z",
        "2026-11-23T00:00:00Z",
    ]


def test_libreoffice_makes_about_as_many_pages_of_it_as_the_pdf_has(tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        missing("LibreOffice is not installed")
    manuscript = make_manuscript(paragraphs=20)
    (tmp_path / "thesis.docx").write_bytes(rendered(manuscript, Format.DOCX))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(tmp_path),
        "thesis.docx",
    ]
    environment = os.environ | {"FONTCONFIG_FILE": str(_fonts_of_ours_too(tmp_path))}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=120)
    pages = pdf_pages((tmp_path / "thesis.pdf").read_bytes())
    assert abs(len(pages) - len(pdf_pages(rendered(manuscript, Format.PDF)))) <= 1
    assert "1 Introduction" in " ".join(pages)
    assert pages[0].endswith("23 November 2026")


def _fonts_of_ours_too(folder: Path) -> Path:
    """Return a configuration with the fonts that we bring: on a bare machine all are wider than Times New Roman."""
    configuration = folder / "fonts.conf"
    configuration.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
        f"<dir>{_FONTS}</dir><cachedir>{folder / 'fonts'}</cachedir></fontconfig>"
    )
    return configuration
