"""How works and authors are named."""

import pytest

from tesigo.manuscript import Source
from tesigo.writing.offline import naming
from tesigo.writing.offline.wording import load_wording


def source(*families: str, key: str = "k1", year: int = 0, **csl: object) -> Source:
    issued = {"issued": {"date-parts": [[year]]}} if year else {}
    return Source(key, {"id": key, "author": [{"family": name} for name in families], **issued, **csl})


def names(language: str, *chosen: Source) -> naming.Names:
    return naming.Names(chosen, load_wording(language))


@pytest.mark.parametrize(
    ("language", "families", "named"),
    [
        ("en", ["Smith"], "Smith"),
        ("en", ["Smith", "Lee"], "Smith and Lee"),
        ("uk", ["Сміт", "Лі"], "Сміт і Лі"),
        ("it", ["Rossi", "Conti"], "Rossi e Conti"),
        ("en", ["Smith", "Lee", "Wu"], "Smith and colleagues"),
        ("uk", ["Сміт", "Лі", "Ву"], "Сміт зі співавторами"),
        ("it", ["Rossi", "Conti", "Greco"], "Rossi e colleghi"),
    ],
)
def test_authors_are_named_by_their_number(language: str, families: list[str], named: str) -> None:
    assert names(language, source(*families)).who(source(*families)) == named


@pytest.mark.parametrize(
    ("language", "named"), [("en", "*On Soil*"), ("uk", "праця *On Soil*"), ("it", "*On Soil*")]
)
def test_a_work_without_author_is_one_voice_under_its_title(language: str, named: str) -> None:
    work = source(title="On Soil: a study")
    labels = names(language, work)
    assert labels.who(work) == named
    assert not labels.is_plural(work)
    assert labels.fields(work)["person"] == ""


def test_works_of_the_same_authors_and_year_go_by_their_titles() -> None:
    soil = source("Smith", "Lee", key="a1", year=2020, title="On Soil: a study of *slopes*")
    water = source("Smith", "Lee", key="a2", year=2020, title="On Water")
    other = source("Smith", key="a3", year=2020, title="On Air")
    labels = names("en", soil, water, other)
    assert [labels.who(work) for work in (soil, water, other)] == ["*On Soil*", "*On Water*", "Smith"]
    assert not labels.is_plural(soil)
    assert labels.list_fields([soil, water]) == {
        "names": "*On Soil* and *On Water*",
        "people": "",
        "titles": "*On Soil* and *On Water*",
    }


def test_titles_that_begin_alike_are_given_whole() -> None:
    first = source(key="a1", title="Soil: slopes")
    second = source(key="a2", title="Soil: fields?")
    labels = names("en", first, second)
    assert [labels.who(first), labels.who(second)] == ["*Soil: slopes*", "*Soil: fields*"]


def test_works_of_the_same_authors_are_told_apart_by_years_that_differ() -> None:
    early = source("Smith", key="a1", year=2019, title="On Soil")
    late = source("Smith", key="a2", year=2020, title="On Water")
    labels = names("en", early, late)
    assert [labels.who(early), labels.who(late)] == ["Smith (2019)", "Smith (2020)"]
    assert labels.list_fields([early, late])["people"] == "Smith (2019) and Smith (2020)"
    assert names("en", early).who(early) == "Smith"


def test_in_a_list_it_stays_clear_who_wrote_together() -> None:
    works = [source("Smith", "Lee", key="a1"), source("Wu", key="a2"), source("Adu", "Bo", "Cy", key="a3")]
    assert names("en", *works).list_fields(works)["people"] == "Smith & Lee, Wu, and Adu et al."


def test_a_title_is_italic_and_its_markup_harmless() -> None:
    assert naming.title(source(title="Soil [a study] @home.")) == r"*Soil \[a study\] \@home*"
    assert naming.title(source(title="word " * 30)) == ""


@pytest.mark.parametrize(
    ("container", "named"),
    [
        ("Soil Science", "*Soil Science*"),
        ("Proceedings of the 18th Workshop on Teaching (BEA 2023)", "BEA 2023"),
        ("Proceedings of the 2024 Conference on Something (Volume 1: Long Papers)", ""),
        ("", ""),
    ],
)
def test_a_venue_is_named_when_it_is_short(container: str, named: str) -> None:
    assert naming.venue(source(**{"container-title": container})) == named
