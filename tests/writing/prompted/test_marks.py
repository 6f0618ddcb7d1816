"""Quotation marks stand around proven quotations and short terms alone."""

import pytest
from tests.writing.prompted.made import NOVAK, ROSSI

from tesigo.writing.prompted.marks import paired_marks, proven_quotations
from tesigo.writing.sentences import fold

BODIES = {source.key: fold(source.body) for source in (ROSSI, NOVAK)}


@pytest.mark.parametrize(
    ("language", "written", "paired"),
    [
        ("en", '"one" and "two"', "“one” and “two”"),
        ("en", "„one“ and «two»", "“one” and “two”"),
        ("uk", "“one” and „two”", "«one» and «two»"),
        ("it", "``one'' and “two”", "«one» and «two»"),
        ("en", "“one “two” three”", "“one two” three"),
        ("en", "“one and two", "one and two"),
        ("en", "one” and two", "one and two"),
        ("en", "5 \" wide and 3 \" high", "5  wide and 3  high"),
        ("uk", "здоров’я і «сад»", "здоров’я і «сад»"),
        ("en", "‘one’ and 'two don't' of the farmers' own", "“one” and “two don't” of the farmers' own"),
        ("it", "l'acqua e 'il muro dell'anno'", "l'acqua e «il muro dell'anno»"),
    ],
)  # fmt: skip
def test_marks_are_the_language_s_own_and_in_pairs(language: str, written: str, paired: str) -> None:
    assert paired_marks(written, language) == paired


@pytest.mark.parametrize(
    ("sentence", "proven"),
    [
        (
            "“Terraces hold the soil on steep slopes” [@rossi2020].",
            "“Terraces hold the soil on steep slopes” [@rossi2020].",
        ),
        (
            "“Terraces lose the soil on steep slopes” [@rossi2020].",
            "Terraces lose the soil on steep slopes [@rossi2020].",
        ),
        (
            "“Terraces hold the soil on steep slopes” [@novak2021].",
            "Terraces hold the soil on steep slopes [@novak2021].",
        ),
        ("“Terraces hold the soil on steep slopes”, it says.", "Terraces hold the soil on steep slopes, it says."),
        (
            "As [@rossi2020] has it, “terraces hold” and “the soil on steep slopes” last.",
            "As [@rossi2020] has it, “terraces hold” and “the soil on steep slopes” [@rossi2020] last.",
        ),
        ("“Farmers don't rebuild broken walls” [@rossi2020].", "“Farmers don’t rebuild broken walls” [@rossi2020]."),
        ("“Terraces hold the soil.” [@rossi2020]", "“Terraces hold the soil” [@rossi2020]."),
        ("“Terraces hold the soil,” [@rossi2020] says it.", "“Terraces hold the soil” [@rossi2020], says it."),
        (
            "“Terraces hold the *soil* on steep slopes [@rossi2020]”.",
            "“Terraces hold the soil on steep slopes” [@rossi2020].",
        ),
        ("The “green wall” is a term.", "The “green wall” is a term."),
        ("The “green wall” [@rossi2020] is not its term.", "The green wall [@rossi2020] is not its term."),
        ("“Terraces hold the soil on steep”, [@rossi2020].", "“Terraces hold the soil on steep” [@rossi2020]."),
        ("The “” is empty.", "The  is empty."),
        ("“So it goes on and on”.", "So it goes on and on."),
    ],
)  # fmt: skip
def test_a_quotation_is_its_source_s_wording_or_has_no_marks(sentence: str, proven: str) -> None:
    assert proven_quotations(sentence, BODIES.__getitem__, "en") == proven
