"""References go out as BibTeX and RIS and come back: nothing is lost that the format has a place for.

The table of what each format can hold is `BIBTEX` and `RIS`; whatever is not in it is not compared.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tesigo.export.bibtex import as_bibtex
from tesigo.export.ris import as_ris
from tesigo.intake.errors import BrokenFile
from tesigo.intake.reading import read_sources
from tesigo.manuscript import Source

ALL = frozenset(
    {
        "title",
        "author",
        "issued",
        "abstract",
        "publisher",
        "publisher-place",
        "language",
        "keyword",
        "URL",
        "DOI",
    }
)
CONTAINED = frozenset(
    {
        "article-journal",
        "article-magazine",
        "article-newspaper",
        "chapter",
        "paper-conference",
        "entry-dictionary",
        "entry-encyclopedia",
    }
)
JOURNALS = frozenset({"article-journal", "article-magazine", "article-newspaper"})
BIBTEX = {
    **dict.fromkeys(ALL, None),  # of every type
    "type": frozenset(
        {"article-journal", "book", "chapter", "paper-conference", "report", "thesis", "webpage"}
    ),
    "editor": None,
    "ISBN": None,
    "ISSN": None,
    "volume": None,
    "page": None,
    "edition": frozenset({"book", "chapter"}),
    "container-title": CONTAINED,
    "issue": JOURNALS,
    "number": frozenset({"report"}),
    "collection-title": frozenset({"book", "chapter", "paper-conference"}),
    "collection-number": frozenset({"book", "chapter"}),
    "genre": frozenset({"thesis"}),
}
"""What BibTeX has a field for: of every type (None) or of these. A date only as year and month."""

RIS = {
    **dict.fromkeys(ALL, None),
    "type": None,
    "editor": None,
    "translator": None,
    "collection-editor": None,
    "ISBN": None,
    "ISSN": None,
    "volume": None,
    "page": None,
    "edition": None,
    "section": None,
    "accessed": None,
    "title-short": None,
    "original-title": None,
    "genre": None,
    "PMID": None,
    "container-title": CONTAINED,
    "container-title-short": CONTAINED,
    "event-title": frozenset({"paper-conference"}),
    "collection-title": frozenset({"book", "chapter", "paper-conference"}),
    "issue": CONTAINED,
    "number": frozenset({"report", "patent", "standard"}),
}
"""What RIS has a tag for. A date whole; a range of dates not."""

Writer = Callable[[Sequence[Source]], bytes]
FORMATS: dict[str, tuple[Writer, dict[str, frozenset[str] | None]]] = {
    "bib": (as_bibtex, BIBTEX),
    "ris": (as_ris, RIS),
}
MADE: list[dict[str, Any]] = [
    {
        "type": "book",
        "title": "Über das 100 % {Wesen} der $x_1$ & #2: ~^\\ 'so' \"da\" -- und --- `dort`",
        "ISBN": "978-3-86490-311-3",
        "publisher": "Müller & Söhne",
        "publisher-place": "Wien",
        "edition": "2",
        "collection-title": "Reihe",
        "language": "de",
        "author": [
            {"literal": "World Health Organization, Europe"},
            {"family": "King", "given": "Martin Luther", "suffix": "Jr."},
        ],
    },
    {
        "type": "chapter",
        "title": "Чапля й їжак",
        "container-title": "Птахи України",
        "page": "3-19",
        "language": "uk",
        "author": [{"family": "Шевченко-Ґалаґан", "given": "Їжаклина П."}],
        "editor": [{"family": "van der Berg", "given": "J."}],
        "publisher": "Наукова думка",
        "keyword": "чаплі, їжаки",
        "DOI": "10.1234/a_b(c)<d>;e",
    },
    {
        "type": "report",
        "title": "Numbers",
        "number": "CR-7",
        "publisher": "NASA",
        "author": [{"literal": "and Sons"}],
    },
    {
        "type": "thesis",
        "title": "On O’Neill’s “quotes” ‘single’ «double»",
        "genre": "PhD thesis",
        "publisher": "MIT",
        "URL": "https://example.org/a%20b?x=1&y=~z;",
    },
    {
        "type": "webpage",
        "title": "The LaTeX of eBay: iPhone versus mRNA",
        "URL": "http://a.b/c_d#e",
        "accessed": {"date-parts": [[2021, 1, 2]]},
    },
    {
        "type": "article-journal",
        "title": "A",
        "container-title": "Journal of B & C",
        "container-title-short": "J. B&C",
        "volume": "3",
        "issue": "2-3",
        "page": "e12",
        "ISSN": "1234-567X",
        "PMID": "123",
        "translator": [{"family": "Ó Súilleabháin", "given": "Áine"}],
    },
    {"type": "patent", "title": "Wheel", "number": "US1"},
    {"type": "dataset", "title": "Data"},
]


def plain(field: str, value: Any, *, ending: str) -> Any:
    """Return a value as far as its form does not matter: whole names, folded blanks, dates as exact as the format's."""
    if isinstance(value, list):
        parts = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix", "literal")
        return [" ".join(name[part] for part in parts if part in name) for name in value]
    if isinstance(value, dict):
        date = value["date-parts"][0]
        return date[:2] if ending == "bib" and field == "issued" else date
    return " ".join(str(value).split()) if value is not None else None


def lost_of(before: Source, after: Source, ending: str) -> list[str]:
    """Return the fields that the format can hold and that came back otherwise."""
    fields = {**before.csl, "abstract": before.abstract or None}
    came = {**after.csl, "abstract": after.abstract or None}
    lost = []
    for field, kinds in FORMATS[ending][1].items():
        was = plain(field, fields.get(field), ending=ending)
        now = plain(field, came.get(field), ending=ending)
        if was is not None and was != now and (kinds is None or before.csl["type"] in kinds):
            lost.append(f"{field}: {was!r} became {now!r}")
    return lost


def round_trip(sources: Sequence[Source], ending: str) -> dict[str, Source]:
    """Return what comes back, by the keys of what went out."""
    reading = read_sources(f"back.{ending}", FORMATS[ending][0](sources), taken=())
    assert not reading.warnings
    return {source.csl["custom"]["file_id"]: source for source in reading.sources}


def all_references(shared_data: Path) -> dict[str, tuple[Source, ...]]:
    files = [
        *sorted((shared_data / "corpus").glob("acl_*")),
        *sorted((shared_data / "reference_files" / "files").iterdir()),
    ]
    files += sorted((shared_data / "corpus" / "fulltext").glob("*.jsonl"))
    found = {}
    for file in files:
        try:
            found[file.name] = read_sources(file.name, file.read_bytes(), taken=()).sources
        except BrokenFile:
            continue
    return found


@pytest.mark.parametrize("ending", FORMATS)
def test_nothing_of_the_real_references_is_lost_that_the_format_can_hold(shared_data: Path, ending: str):
    lost: Counter[str] = Counter()
    count = 0
    for name, sources in all_references(shared_data).items():
        back = round_trip(sources, ending)
        assert back.keys() == {source.key for source in sources}, name
        count += len(sources)
        for source in sources:
            for line in lost_of(source, back[source.key], ending):
                lost[line.partition(":")[0]] += 1
                print(f"{name} {source.key} {source.csl['type']} {line[:300]}")
    print(f"{ending}: {count} records, lost: {dict(lost)}")
    assert count > 1_100
    assert not lost


def made() -> list[Source]:
    """Return records of many types whose letters each format writes in its own way."""
    dated = {"issued": {"date-parts": [[2020, 5, 7]]}}
    return [
        Source(
            key=f"made{number}",
            csl={**dated, **record, "id": f"made{number}"},
            abstract=f"Abstract {number}: a_b % c\n& $d$.",
        )
        for number, record in enumerate(MADE)
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_letters_that_the_formats_write_in_their_own_way_come_back(ending: str):
    back = round_trip(made(), ending)
    assert {
        source.key: lines for source in made() if (lines := lost_of(source, back[source.key], ending))
    } == {}


def test_bibtex_to_ris_and_back_to_bibtex_loses_nothing_that_both_can_hold():
    first = round_trip(made(), "bib")
    second = round_trip(list(first.values()), "ris")
    keys = {source.csl["custom"]["file_id"]: source.key for source in first.values()}
    for source in made():
        after = second[keys[source.key]]
        both = [line for line in lost_of(source, after, "bib") if line.partition(":")[0] in RIS]
        shared = [
            line
            for line in both
            if (kinds := RIS[line.partition(":")[0]]) is None or source.csl["type"] in kinds
        ]
        assert not shared, source.csl["type"]
