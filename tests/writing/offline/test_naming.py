"""How works and authors are named."""

import pytest

from tesigo.manuscript import Source
from tesigo.writing.offline import naming
from tesigo.writing.offline.wording import load_wording


def source(*families: str, **csl: object) -> Source:
    return Source("k1", {"id": "k1", "author": [{"family": name} for name in families], **csl})


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
    assert naming.authors(source(*families), load_wording(language)) == named


def test_a_work_without_author_is_named_by_its_title() -> None:
    assert naming.authors(source(title="On Soil"), load_wording("en")) == "the authors of *On Soil*"


def test_in_a_list_it_stays_clear_who_wrote_together() -> None:
    works = [source("Smith", "Lee"), source("Wu"), source("Adu", "Bo", "Cy")]
    assert naming.all_authors(works, load_wording("en")) == "Smith & Lee, Wu, and Adu et al."


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
