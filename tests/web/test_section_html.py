"""A section becomes safe HTML, and each citation opens the very passage that was recorded for it."""

import lxml.html
import pytest

from tesigo.manuscript import Citation, Passage, Section, SectionKind, Source
from tesigo.web.bibliography import describe_all
from tesigo.web.section_html import render_section
from tesigo.web.words import words_in

SOURCES = [
    Source(key, {"id": key, "title": "T", "author": [{"family": name}], "issued": {"date-parts": [[2020]]}})
    for key, name in (("adams2020", "Adams"), ("brown2020", "Brown"))
]
ENTRIES = describe_all(SOURCES, words_in("en"))


def section(content: str, *cited: tuple[str, str]) -> Section:
    citations = tuple(Citation(key, Passage(key, 0, len(text), text), 1.0) for key, text in cited)
    return Section("2.1", "Heading", SectionKind.BODY, content, citations)


def rendered(content: str, *cited: tuple[str, str]):
    return render_section(section(content, *cited), ENTRIES, lambda _: "")


def test_a_citation_opens_its_passage():
    made = rendered("As said [@adams2020], and again [@adams2020; @brown2020].",
                    ("adams2020", "first"), ("adams2020", "second"), ("brown2020", "third"))  # fmt: skip
    tree = lxml.html.fromstring(str(made.html))
    buttons = tree.xpath("//button[@popovertarget]")
    assert [button.text for button in buttons] == ["Adams, 2020", "Adams, 2020", "Brown, 2020"]
    assert [button.get("popovertarget") for button in buttons] == [opened.id for opened in made.opened]
    assert [opened.citation.passage.text for opened in made.opened] == ["first", "second", "third"]
    assert tree.text_content().strip() == "As said (Adams, 2020), and again (Adams, 2020; Brown, 2020)."


def test_a_citation_without_a_record_says_so():
    (opened,) = rendered("Edited by hand [@brown2020, p. 3].").opened
    assert opened.citation is None
    assert "Brown, 2020, p. 3" in rendered("Edited by hand [@brown2020, p. 3].").html


def test_words_around_a_key_stay_with_it():
    made = rendered("As said [see @adams2020, p. 3; -@brown2020].", ("adams2020", "a"), ("brown2020", "b"))
    assert ">see Adams, 2020, p. 3</button>; " in made.html
    assert len(made.opened) == 2


def test_a_link_that_speaks_of_a_key_is_a_link():
    made = rendered("[see @adams2020](https://example.org/)")
    assert made.opened == ()
    assert 'href="https://example.org/"' in made.html


def test_a_foreign_or_escaped_key_stays_text():
    assert "[@nobody1999]" in rendered("Unknown [@nobody1999].").html
    assert "[@adams2020]" in rendered(r"Escaped \[@adams2020].").html
    assert rendered(r"Escaped \[@adams2020].").opened == ()


@pytest.mark.parametrize(
    "attack",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](http://a.example/p.png)",
     "<svg/onload=alert(1)>", "[x](data:text/html,<script>1</script>)", "<button popovertarget=content>x</button>",
     "[@adams2020]{onclick=1}", "<https://a.example/\"onmouseover=alert(1)>", "[@adams2020, <b onclick=alert(1)>]",
     "<style>*{display:none}</style>", "<a id=content>x</a>", "# <h1 id=content>x"],
)  # fmt: skip
def test_nothing_in_a_text_becomes_active(attack):
    tree = lxml.html.fromstring(f"<div>{rendered(attack, ('adams2020', 'p')).html}</div>")
    assert not tree.xpath("//script|//img|//svg|//style|//iframe|//form|//input|//object")
    for element in tree.iter():
        assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "id")]
        assert not (element.get("href") or "").lower().startswith(("javascript", "data"))
    assert all(button.get("popovertarget", "").startswith("s2-1-c") for button in tree.xpath("//button"))


def test_headings_inside_a_section_stay_below_its_own():
    assert "<h4>Part</h4>" in rendered("# Part\n\ntext").html
