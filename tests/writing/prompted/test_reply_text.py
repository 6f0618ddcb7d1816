"""An answer becomes paragraphs of prose."""

import pytest

from tesigo.writing.prompted.reply_text import paragraphs_of


@pytest.mark.parametrize(
    ("reply", "paragraphs"),
    [
        ("One line\nand another.\n\n\nA second paragraph.", ["One line and another.", "A second paragraph."]),
        ("# Soil\n\nIt holds.\n## More\nIt lasts.", ["It holds.", "It lasts."]),
        ("Soil\n====\nIt holds.", ["It holds."]),
        ("**Soil**\n\nIt **really** holds.", ["It really holds."]),
        ("It _gently_ holds snake_case names.", ["It *gently* holds snake_case names."]),
        ("```markdown\nIt holds.\n```", ["It holds."]),
        ("It holds:\n- by walls\n- by roots.\n", ["It holds: by walls. by roots."]),
        ("1. Walls hold.\n2. Roots hold.", ["Walls hold. Roots hold."]),
        ("> A wall holds.\n> So does a root.", ["A wall holds. So does a root."]),
        ("It holds.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nIt lasts.", ["It holds.", "It lasts."]),
        ("It holds.\n\n---\n\nIt lasts.", ["It holds.", "It lasts."]),
        ("See ![a wall](wall.png)[the wall](https://x.org/w) there.", ["See the wall there."]),
        ("It holds [1](https://x.org/w).", ["It holds [1]."]),
        ("It holds.[^1]\n\n[^1]: A note.", ["It holds.[^1]"]),
        ("It holds.\n\n[@rossi2020]", ["It holds. [@rossi2020]"]),
        (r"Half is 50\% of \[all\].", ["Half is 50% of [all]."]),
        ("A &lt; B&nbsp;&amp; C.", ["A < B & C."]),
        ("It\u200b hol\u00adds\ue000 \ud800.", ["It holds ."]),
        ("Тераси\n— це стіни.", ["Тераси — це стіни."]),
        ("\u2014 He left in 1990. 30 years ago.", ["He left in 1990. 30 years ago."]),
    ],
)
def test_what_a_section_has_no_place_for_is_taken_out_or_becomes_prose(
    reply: str, paragraphs: list[str]
) -> None:
    assert paragraphs_of(reply, "Gardens") == paragraphs


@pytest.mark.parametrize(
    "heading",
    ["References", "## References", "**Bibliography**", "Список використаних джерел", "Bibliografia:"],
)
def test_a_list_of_references_ends_the_text(heading: str) -> None:
    reply = f"It holds.\n\n{heading}\n\nEvil, A. (2020). Nothing of the kind.\n\nIt lasts."
    assert paragraphs_of(reply, "Soil") == ["It holds."]


def test_the_section_s_own_heading_is_no_paragraph() -> None:
    assert paragraphs_of("Soil, and walls:\n\nIt holds.", "Soil and walls") == ["It holds."]


@pytest.mark.parametrize(
    "preamble", ["Here is the section:", "Sure! Here’s the text:", "Ось розділ:", "Ecco il testo:"]
)
def test_what_a_model_says_to_us_first_is_no_part_of_the_text(preamble: str) -> None:
    assert paragraphs_of(f"{preamble}\n\nIt holds.", "Soil") == ["It holds."]
    assert paragraphs_of("Here is where soil is lost. It is steep.\n\nIt holds.", "Soil")[0].startswith(
        "Here"
    )
