import pytest
from hypothesis import given
from hypothesis import strategies as st

from tesigo.manuscript import Section, SectionKind
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
