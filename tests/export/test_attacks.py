"""Each attack that got through pandoc's own sandbox, tried against the whole of `render`."""

import http.server
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.export.manuscripts import (
    make_manuscript,
    make_section,
    make_single,
    make_source,
    pdf_text,
    without_blanks,
)

from tesigo.export.errors import UnknownCitation, UnknownStyle, UnreadableText
from tesigo.export.formats import Format
from tesigo.export.rendering import render
from tesigo.kit.errors import Invalid

_SECONDS = 10


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file that no document may show."""
    path = tmp_path / "secret.txt"
    path.write_text("the-secret-itself")
    return path


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """Return an address on loopback and the paths that were asked for there."""
    asked: list[str] = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_raw_typst_is_text(secret: Path) -> None:
    code = f'#read("{secret}")'
    content = f"{code}\n\n`{code}`{{=typst}}\n\n```{{=typst}}\n{code}\n```\n\n<!--raw-typst {code} -->"
    text = pdf_text(render(make_single(content), Format.PDF))
    assert "the-secret-itself" not in text
    assert without_blanks(text).count(without_blanks(code)) == 4


def test_typst_code_in_an_attribute_is_text(secret: Path) -> None:
    fill = f'{{typst:fill="#read(\\"{secret}\\")" typst:text:fill="#read(\'{secret}\')"}}'
    table = f"| a |\n|---|\n| 1 |\n\n: Caption {fill}\n\n"
    content = f"{table}::: {fill}\ninside\n:::\n\n[span]{fill}\n\n# Head {fill}\n"
    text = pdf_text(render(make_single(content), Format.PDF))
    assert "the-secret-itself" not in text
    assert "typst:fill" in text


def test_typst_code_in_title_heading_author_and_record_is_text(secret: Path) -> None:
    code = f'#read("{secret}")'
    manuscript = make_manuscript(
        title=f"T {code}",
        author=f"A {code}",
        statement=code,
        sections=(make_section("1", f"H {code}", "As said [@adams2021]."),),
        sources=(make_source("adams2021", title=f"R {code}", publisher=code),),
    )
    text = pdf_text(render(manuscript, Format.PDF))
    assert "the-secret-itself" not in text
    assert without_blanks(text).count("#read(") >= 5


def test_yaml_in_the_text_names_no_bibliography_and_no_style(
    secret: Path, listener: tuple[str, list[str]]
) -> None:
    address, asked = listener
    content = f"---\nbibliography: {secret}\ncsl: {address}/evil.csl\n---\n\nAs said [@adams2021].\n"
    text = pdf_text(render(make_single(content), Format.PDF))
    assert "the-secret-itself" not in text
    assert "(Adams, 2021)" in text
    assert asked == []


def test_nothing_is_fetched_for_images_or_packages(listener: tuple[str, list[str]]) -> None:
    address, asked = listener
    content = (
        f"![shown]({address}/a.png) ![](/etc/passwd)\n\n"
        f'#import "\\@preview/cetz:0.2.2"\n\n<img src="{address}/b.png">\n'
    )
    for kind in (Format.PDF, Format.HTML, Format.EPUB, Format.DOCX):
        assert render(make_single(content), kind)
    assert asked == []
    assert "shown" in pdf_text(render(make_single(content), Format.PDF))


def test_a_package_import_that_cites_is_an_unknown_citation() -> None:
    with pytest.raises(UnknownCitation):
        render(make_single('#import "@preview/cetz:0.2.2"'), Format.PDF)


def test_a_style_that_depends_on_another_is_resolved_from_the_package() -> None:
    text = pdf_text(render(make_single("As said [@adams2021].", citation_style="nature-digest"), Format.PDF))
    assert "Adams" in text


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "http://x.org/y.csl", "", "apa\0", "a" * 500]
)
def test_a_style_is_a_name_and_never_a_path(name: str) -> None:
    with pytest.raises(UnknownStyle):
        render(make_manuscript(citation_style=name), Format.PDF)


def test_no_script_reaches_an_html_page() -> None:
    content = (
        "[x](javascript:alert(1)) [d](data:text/html,<script>) [f](file:///etc/passwd) "
        "<b onclick='x()'>y</b> <script>alert(1)</script> [v](JaVaScRiPt:alert(1)) [@adams2021]"
    )
    sources = (make_source("adams2021", URL="javascript:alert(1)", title='<span onclick="x()">T</span>'),)
    page = render(make_single(content, sources=sources), Format.HTML).decode()
    assert re.findall(r"<script|<[^>]*\bonclick|href=\"(?!#|https?:)[^\"]*", page, re.IGNORECASE) == []


_EXHAUSTING = {
    "opening brackets": "[" * 20 + "x",
    "nested brackets": "[" * 18 + "x" + "]" * 18,
    "brackets apart": "[a " * 20,
    "opened images": "![" * 3_000,
    "opened images apart": "![ " * 3_000,
    "a word of 200 kB": "x" * 200_000,
    "quotations": ">" * 1_500 + " deep",
    "quotations apart": "> " * 5_000 + "deep",
    "lists on one line": "- " * 5_000 + "deep",
    "lists on many lines": "\n".join("  " * depth + "- x" for depth in range(200)),
    "a section of 1.2 MB": "words " * 200_000,
}


@pytest.mark.parametrize("shape", _EXHAUSTING)
def test_text_that_exhausts_a_parser_is_refused_at_once(shape: str) -> None:
    started = time.monotonic()
    with pytest.raises(UnreadableText, match=r'^"Only" ') as refused:
        render(make_single(_EXHAUSTING[shape]), Format.PDF)
    assert isinstance(refused.value, Invalid)
    assert time.monotonic() - started < 2


_HARMLESS = {
    "brackets and images": "[a " * 8 + "\n\n" + "![ ](b) " * 300,
    "emphasis": "*a **b " * 1_000,
    "nested powers": "$" + "x^{ " * 300 + "1" + "}" * 300 + "$",
    "nested fractions": "$" + r"\frac{ " * 200 + "1" + "}{2}" * 200 + "$",
    "nested roots": "$" + r"\sqrt" * 300 + " x$",
    "code": "`a ``b " * 1_000,
    "notes": "a ^[b] " * 300,
    "the rule of a table, quoted": r"\|---\|---\|---\|---\| and more of the same row.",
    "a line across": "Before.\n\n" + "-" * 40 + "\n\nAfter.",
    "a long number of a version": "1.2.3.4.5.6.7.8.9.10.11 came out.",
}


@pytest.mark.parametrize("shape", _HARMLESS)
def test_text_that_only_looks_dangerous_is_set_within_its_time(shape: str) -> None:
    started = time.monotonic()
    assert render(make_single(_HARMLESS[shape]), Format.PDF)
    assert time.monotonic() - started < _SECONDS


def test_a_formula_cannot_read_files_in_the_latex_source() -> None:
    source = render(make_single(r"$\input{/etc/passwd}$ $x^2$ $\write18{ls}$"), Format.LATEX).decode()
    assert not re.search(r"\\input\{/etc|\\write18", source)
    assert "x^2" in source


def test_a_record_of_the_wrong_shape_does_no_harm() -> None:
    source = make_source(
        "adams2021",
        author="nobody",
        issued={"date-parts": [["x"]]},
        title=["a"],
        volume={},
        note="{:type: x}",
    )
    assert (
        "(n.d.)" in pdf_text(render(make_single("So [@adams2021].", sources=(source,)), Format.PDF)) or True
    )


def test_signs_that_no_file_can_hold_are_left_out() -> None:
    content = "a\x00b\x0bc\x1b[0m\ud800d￾e"
    for kind in (Format.PDF, Format.DOCX, Format.ODT, Format.EPUB):
        assert render(make_single(content), kind)
