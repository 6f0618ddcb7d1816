import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.manuscript import Section, SectionKind, count_words
from tesigo.manuscript.markdown import escape_markdown, join_sections, split_sections

LINE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("#*_[]\\@.! `"), max_size=60
)


def make_section(number: str, heading: str, content: str) -> Section:
    return Section(number=number, heading=heading, kind=SectionKind.BODY, content=content)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_is_one_line_and_loses_only_its_blanks(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert set(escaped.replace("\\", "")) >= set(text) - set(" \t\n\r\f\v\x85\u2028\u2029\\")


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("see [@smith2021]", r"see \[\@smith2021\]"),
        ("1. first", r"1\. first"),
        ("(iv) fourth", r"(iv\) fourth"),
        ("- dash, not a list", r"\- dash, not a list"),
        ("# not a heading", r"\# not a heading"),
        ("x_1 < y^2 & z&amp;", r"x\_1 \< y\^2 & z\&amp;"),
        ("it's “quoted” -- and so on...", "it's “quoted” -- and so on..."),
        ("broken\n   lines", "broken lines"),
        ("Hurrah!", r"Hurrah\!"),
    ],
)
def test_markup_is_escaped_and_prose_is_left_alone(text: str, markdown: str) -> None:
    assert escape_markdown(text) == markdown


@given(st.lists(st.tuples(st.sampled_from(["1", "1.2"]), LINE, st.lists(LINE, max_size=4)), max_size=6))
def test_sections_that_are_joined_come_apart_again(drawn: list[tuple[str, str, list[str]]]) -> None:
    wanted = [
        (
            number.count(".") + 1,
            " ".join(heading.strip().split(" ")),
            "\n\n".join(map(escape_markdown, lines)),
        )
        for number, heading, lines in drawn
    ]
    wanted = [
        (level, " ".join(filter(None, heading.split(" "))), content.strip("\n "))
        for level, heading, content in wanted
    ]
    sections = [
        make_section("1" if level == 1 else "1.2", heading, content) for level, heading, content in wanted
    ]
    apart = split_sections(join_sections(sections))
    assert [(level, heading, content.strip("\n ")) for level, heading, content in apart] == wanted


def test_a_number_sign_inside_fenced_code_is_no_heading() -> None:
    code = "Before.\n\n```python\n# a comment\n```\n\nAfter."
    joined = join_sections([make_section("1", "Code", code), make_section("2", "More", "Text.")])
    assert split_sections(joined) == [(1, "Code", code), (1, "More", "Text.")]


def test_a_fence_that_is_never_closed_hides_no_section() -> None:
    joined = join_sections([make_section("1", "Open", "```\nleft open"), make_section("2", "Next", "Text.")])
    assert [heading for _, heading, _ in split_sections(joined)] == ["Open", "Next"]


def test_text_before_the_first_heading_is_kept_as_level_nought() -> None:
    assert split_sections("Preface.\r\n\r\n## Two ##\r\n\r\n### Three\r\nend\r\n") == [
        (0, "", "Preface."),
        (2, "Two", "### Three\nend"),
    ]


def test_a_heading_may_hold_any_sign() -> None:
    sections = [make_section("1", "C# and *F#* # {#x} [@y]", "a"), make_section("1.1", "1. What?", "")]
    assert split_sections(join_sections(sections)) == [
        (1, "C# and *F#* # {#x} [@y]", "a"),
        (2, "1. What?", ""),
    ]


@given(
    st.lists(
        st.sampled_from(["text", "```", "````", "~~~", "~~~ a", "``` py", "`````  ", "  ~~~~", "    ```"]),
        max_size=12,
    )
)
def test_a_heading_is_code_only_between_a_fence_and_the_first_line_that_closes_it(lines):
    lines = [part for line in lines for part in (line, "# Heading")]
    opening, wanted = "", 0
    for number, line in enumerate(lines):
        fence = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if opening and closes(opening, line):
            opening = ""
        elif not opening and fence and any(closes(fence[1], later) for later in lines[number + 1 :]):
            opening = fence[1]
        wanted += line == "# Heading" and not opening
    assert sum(level == 1 for level, _, _ in split_sections("\n".join(lines))) == wanted


def closes(opening: str, line: str) -> bool:
    return re.fullmatch(rf" {{0,3}}{opening[0]}{{{len(opening)},}}[ \t]*", line) is not None


@pytest.mark.parametrize("piece", ["~~~ a\n", "[@a", "[-@", "```\n````` x\n"])
def test_hostile_text_takes_time_in_proportion_to_its_length(piece):
    def cost(times: int) -> float:
        began = time.process_time()
        split_sections(piece * times)
        count_words(piece * times)
        return time.process_time() - began

    short, long = (min(cost(times) for _ in range(3)) for times in (10_000, 40_000))
    assert long < 9 * short  # four times the text; a quadratic way takes sixteen times as long
