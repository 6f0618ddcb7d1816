import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.export.manuscripts import docx_text, make_single, pdf_text, without_blanks

from tesigo.export.composition import compose
from tesigo.export.formats import Format
from tesigo.export.rendering import render
from tesigo.export.tree import plain_text
from tesigo.manuscript.markdown import escape_markdown

_SIGNS = st.sampled_from("ab1 .-_*[]()<>{}#$^~|\\`'\"!@&:;+=%/,?їé«»") | st.characters(codec="ascii")

ODD = (
    """it's "quoted" -- and --- so... yes.. -5 -? a-3 $5 and $x^2$ ^sup^ ~sub~ ~~no~~ _under_score_ *star* """
    """**bold** # hash #tag @handle [@key] [-@key, p. 3] <b>x</b> <!-- c --> \\back\\slash \\u{41} `code` """
    """20 °C 5 µm CD4+ p<0.05 {#id .c k=v} | pipe | &amp; & ![img](x.png) [l](http://x.y) """
    """http://e.org/a_b?c=d // /* c */ = == + Привіт, «їжак» “x” ‘y’ – — … """
    """e.g. Mr. X 1. (a) i) '' `` ''' ±2 ½ é ñ"""
)


@pytest.mark.parametrize("before", ["", "Before “"])
def test_a_quotation_comes_out_of_pdf_and_docx_sign_for_sign(before: str) -> None:
    manuscript = make_single(f"{before}{escape_markdown(ODD)}” after.")
    assert without_blanks(ODD) in without_blanks(pdf_text(render(manuscript, Format.PDF)))
    assert ODD in docx_text(render(manuscript, Format.DOCX))


def test_a_quotation_comes_out_of_a_web_page_sign_for_sign() -> None:
    page = render(make_single(escape_markdown(ODD)), Format.HTML).decode()
    assert ODD in " ".join(html.unescape(re.sub(r"<[^>]+>", "", page)).split())


@pytest.mark.parametrize(
    "start",
    [
        "1. ",
        "(iv) ",
        "- ",
        "+ ",
        "# ",
        "> ",
        "| ",
        "---",
        "===",
        "*",
        "$",
        ": ",
        "% ",
        "A. ",
        "    x ",
        "#. ",
    ],
)
def test_text_that_begins_like_a_block_is_a_paragraph(start: str) -> None:
    composed = compose(make_single(escape_markdown(f"{start}of the text")))
    (paragraph,) = composed.sections[0].blocks
    assert paragraph["t"] == "Para"
    assert plain_text(paragraph["c"]) == " ".join(f"{start}of the text".split())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.text(
            st.sampled_from("ab1 .-_*[]()<>{}#$^~|\\`'\"!@&:;+=%/,?їé«»") | st.characters(codec="ascii"),
            max_size=40,
        ),
        min_size=20,
        max_size=40,
    )
)
def test_no_text_is_markup_once_it_is_escaped(texts: list[str]) -> None:
    """Many texts go through one run of the parser: a run costs more than they do."""
    wanted = [" ".join(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", " ", text).split(" ")) for text in texts]
    wanted = [" ".join(text.split()) for text in wanted if text.split()]
    composed = compose(make_single("\n\n".join(map(escape_markdown, wanted))))
    assert [plain_text(block["c"]) for block in composed.sections[0].blocks] == wanted
