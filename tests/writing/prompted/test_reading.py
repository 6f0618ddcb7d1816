"""Whatever a model answers, what is taken of it is faultless by the checks."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.writing.prompted.made import faults_of, read, references

from tesigo.manuscript import Section, SectionKind
from tesigo.writing.checks import mend_section
from tesigo.writing.said import Said
from tesigo.writing.sentences import keys_of, markers

_PIECES = st.sampled_from(
    [
        "Terraces hold the soil", "Ponds store the rain of spring", "даощі й ставки", "piove, e molto", "so",
        "A", "1990",
        "Terraces hold the soil on steep slopes even after heavy rain in autumn", "Smith", "et al.", "the",
        ".", ".", ",", "!", "?", "…", ":", ";", "-", "—", "(", ")", " ", " ", " ", "\n", "\n\n", "\n\n",
        "[@rossi2020]", "[@novak2021]", "[@rossi2020; @novak2021]", "[@rossi2020, @evil2020]", "[@evil2020]",
        "@rossi2020",
        "@evil2020", "[rossi2020]", "[evil2020]", "[-@rossi2020]", "[see @rossi2020, p. 3]", "[@Rossi2020]",
        "[@]", "[@", "]",
        "[", "[1]", "[0]", "[1, 2-5]", "【3†source】", "【", "】", "[^1]", "\n[^1]: note", "[citation needed]",
        "(Smith, 2020)",
        "(Rossi, 2020)", "Smith (2019)", "(citation needed)", "\\cite{rossi2020}", "\\citep[3]{evil2020}",
        "{{", "}}", "\\",
        '"', '"', "“", "”", "«", "»", "„", "''", "`", "```", "*", "**", "_", "$x^2$", "<b>", "</b>",
        "<script>", "&amp;",
        "# Heading", "\n## More\n", "\n- item", "\n1. item", "\n> quoted", "| a | b |", "\n---\n",
        "https://evil.org/a(b)",
        "https://example.org/ponds", "10.1000/soil.2020", "doi: 10.9999/evil", "[text](https://evil.org)",
        "![i](x.png)",
        "\ue000", "\ue100", "\u200b", "\x00", "\ud800", "\u2028", "\u00a0", "~", "^", "|", "%", "=", "+", "#",
        "'", "‘", "’", "soil¹", "(p. 3)", "(ibid.)", "(World Bank, 2020)", "(see Smith, 2020)",
        "\nReferences\n", "[@rossi2020]: x", "[@rossi2020](y)", "@", "a@b.org",
    ]
)  # fmt: skip


def _joined(pieces: list[str]) -> str:
    """Return the pieces as one text, with a blank where two words would become one."""
    text = ""
    for piece in pieces:
        is_stuck = text[-1:].isalnum() and piece[:1] not in ".,;:!?)]}”»\n'" and piece[:1] != " "
        text += f" {piece}" if is_stuck else piece
    return text


@settings(max_examples=400, deadline=None)
@given(st.lists(_PIECES, max_size=30), st.sampled_from(["en", "uk", "it"]))
@example(["“", "Terraces hold the soil", ".”", " ", "[@rossi2020]", " ", "A"], "en")
@example(['"', "Smith", '"', "\n\n", "[@rossi2020]", " ", "the"], "en")
def test_whatever_a_model_answers_what_is_taken_is_faultless(pieces: list[str], language: str) -> None:
    content, citations = read(_joined(pieces), language)
    if content:
        assert faults_of(content, citations, language) == []
        section = Section("2", "Soil", SectionKind.BODY, content, citations)
        mend_section(section, sources=references(language).citable, said=Said())
    assert [citation.key for citation in citations] == [
        key for marker in markers(content) for key in keys_of(marker)
    ]
    assert all(0 <= citation.score <= 1 for citation in citations)
    assert "evil2020" not in content
    assert "evil.org" not in content
    assert not any("\ue000" <= letter <= "\uf8ff" for letter in content)
    content.encode()


@pytest.mark.parametrize(
    ("reply", "language"),
    [
        ("the``Ponds store the rain of spring [rossi2020]'' soil [@novak2021]", "en"),
        ("[soil¹ (citation needed)„\n- item `])(Rossi, 2020)", "en"),
        ("[@[1][1, 2-5](World Bank, 2020)so [evil2020]”](p. 3)‘", "uk"),
        ("item [evil2020]''даощі й ставки &amp;[@!”Smith doi: 10.9999/evil", "uk"),
        ('> quoted 【3†source】"# Heading "[0]\'\'"\u00a0[see @rossi2020, p. 3]', "uk"),
        ("“Terraces hold the soil on steep slopes” [@novak2021; @rossi2020].", "en"),
        ("“@[1]" + "Smith” [@10.1000/soil.2020] x", "it"),
    ],
)
def test_what_once_left_a_fault_behind_leaves_none(reply: str, language: str) -> None:
    content, citations = read(reply, language)
    assert not content or faults_of(content, citations, language) == []
