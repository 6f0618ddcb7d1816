"""Settings are proposed by what the rules ask: only where a value would keep more of it."""

import pytest

from tesigo.documents.proposals import propose_settings
from tesigo.intake.requirements.reading import understand_requirements
from tesigo.writing.brief import make_brief

DSTU = "Поля: ліве – 30 мм, праве – 15 мм, верхнє і нижнє – 20 мм. Шрифт Times New Roman, кегль 14, інтервал 1,5."


def proposed(text: str, **wanted) -> dict[str, str | int]:
    brief = make_brief("A title", **wanted)
    return {one.setting: one.value for one in propose_settings(understand_requirements(text), brief)}


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        (DSTU, {}, {"norm": "dstu3008"}),
        (DSTU, {"norm": "dstu3008"}, {}),
        ("US Letter paper. Text must be double-spaced. Margins: 1 inch on all sides.", {}, {"norm": "apa7"}),
        ("Line spacing: 1.5\nFont size: 12 pt", {}, {}),  # generic keeps both
        ("Line spacing: 2", {}, {}),  # one fact is not enough to choose a norm by
        ("References must follow the MLA style.", {}, {"citation_style": "mla"}),
        ("References must follow APA or MLA style.", {}, {}),
        ("References follow the Chicago style.", {"citation_style": "chicago-author-date"}, {}),
        ("The thesis must be written in Italian.", {}, {"language": "it"}),
        ("The thesis must be written in German.", {}, {}),
        ("The thesis must not exceed 8 pages.", {"pages": 10}, {"pages": 8}),
        ("The thesis must have at least 40 pages.", {"pages": 10}, {"pages": 40}),
        ("The thesis should have 40 to 60 pages.", {"pages": 80}, {"pages": 60}),
        ("The thesis should have 40 to 60 pages.", {"pages": 50}, {}),
        ("The thesis must not exceed 4 pages.", {"pages": 10}, {}),  # no document is that short
        ("Nothing is asked here.", {}, {}),
    ],
)
def test_a_setting_is_proposed_where_the_present_one_does_not_keep_what_is_asked(text, wanted, expected):
    assert proposed(text, **wanted) == expected


def test_a_proposed_norm_says_what_it_does_not_keep_and_why_it_is_proposed():
    text = f"{DSTU} Номер сторінки ставлять посередині внизу."
    (norm,) = propose_settings(understand_requirements(text), make_brief("A title"))
    assert (norm.value, norm.broken) == ("dstu3008", ("page_number_at",))
    assert "ліве – 30 мм" in norm.sentence
