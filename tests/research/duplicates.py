"""Real records, their variants as other services tell them, and near misses: what merging is measured on.

Nothing is kept here: variants are derived from the records in the folder of real inputs, by rules that a reader can
check, and the same in every run.
"""

import json
import random
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tesigo.manuscript import Source

Csl = dict[str, Any]
_NAMES = [("Quill", "Ada"), ("Berg", "Bruno"), ("Ferri", "Carla"), ("Moroz", "Danylo"), ("Okoro", "Esi")]


@dataclass(frozen=True)
class Labelled:
    """A record of which it is known which work it describes, and how it was derived."""

    work: str
    rule: str
    source: Source


def read_works(shared_data: Path) -> list[Csl]:
    """Return the records of real works, each work once by its own title and first author."""
    files = (
        *sorted((shared_data / "corpus").glob("acl_*.csl.jsonl")),
        shared_data / "retrieval" / "citing_sentences" / "corpus.csl.jsonl",
        shared_data / "corpus" / "fulltext" / "metadata.csl.jsonl",
    )
    known: dict[object, Csl] = {}
    for file in files:
        for line in file.read_text("utf-8").splitlines():
            csl = json.loads(line)
            year = csl.get("issued", {}).get("date-parts", [[]])[0]
            if csl.get("author") and year and csl.get("title"):
                bare = re.sub(r"\W", "", csl["title"].casefold())
                known.setdefault((bare, str(csl["author"][0]).casefold()[:20]), csl)
    return list(known.values())


def make_labelled(works: Sequence[Csl], *, seed: int) -> list[Labelled]:
    """Return all records in an order of chance: each work as it is, some of its variants, and near misses."""
    dice = random.Random(seed)
    records = [*_variants(works, dice), *_near_misses(works, dice)]
    dice.shuffle(records)
    labelled = []
    for number, (work, rule, csl) in enumerate(records):
        marked = {**csl, "custom": {**csl.get("custom", {}), f"record_{number}": "here"}}
        key = f"k{number}"
        source = Source(key, {**marked, "id": key}, found_by="index")
        labelled.append(Labelled(work, rule, source))
    return labelled


def pairs_of(groups: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Return all pairs of numbers that stand in the same group."""
    return {(one, other) for group in groups for one in group for other in group if one < other}


def labelled_groups(records: Sequence[Labelled]) -> list[list[int]]:
    """Return the numbers of the records of each work."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        groups[record.work].append(number)
    return list(groups.values())


def merged_groups(works: Sequence[Source]) -> list[list[int]]:
    """Return the numbers of the records that became one, as the marks in `custom` tell."""
    return [
        [int(name.removeprefix("record_")) for name in work.csl["custom"] if name.startswith("record_")]
        for work in works
    ]


def _variants(works: Sequence[Csl], dice: random.Random) -> Iterator[tuple[str, str, Csl]]:
    for number, csl in enumerate(works):
        base = {field: value for field, value in csl.items() if field not in {"id", "abstract", "custom"}}
        work = f"work {number}"
        yield work, "as it is", base
        for rule in dice.sample(list(VARIANTS), k=3):
            if variant := VARIANTS[rule](base, number):
                yield work, rule, variant


def _doi_case(csl: Csl, number: int) -> Csl | None:
    if not csl.get("DOI"):
        return None
    prefix = ("https://doi.org/", "doi:", "http://dx.doi.org/", "DOI ")[number % 4]
    return {**csl, "DOI": prefix + csl["DOI"].upper(), "title": csl["title"].split(":")[0][:40]}


def _preprint(csl: Csl, number: int) -> Csl:
    arxiv = f"2{number % 10}{1 + number % 12:02d}.{number:05d}"
    year = csl["issued"]["date-parts"][0][0] - number % 2
    kept = {field: csl[field] for field in ("title", "author", "language") if field in csl}
    return {
        **kept,
        "type": "article",
        "publisher": "arXiv",
        "number": f"arXiv:{arxiv}",
        "DOI": f"10.48550/ARXIV.{arxiv}v{1 + number % 3}",
        "issued": {"date-parts": [[year]]},
    }


def _other_server(csl: Csl, number: int) -> Csl:
    preprint = _preprint(csl, number)
    return {**preprint, "publisher": "bioRxiv", "number": "", "DOI": f"10.1101/2020.01.01.{number:06d}v1"}


def _bare_preprint(csl: Csl, number: int) -> Csl:
    """Return the preprint as a search engine for the web shows it: an address with a version."""
    preprint = _preprint(csl, number)
    arxiv = preprint.pop("DOI").removeprefix("10.48550/ARXIV.")
    return {
        **preprint,
        "number": "",
        "publisher": "",
        "type": "webpage",
        "URL": f"http://arxiv.org/abs/{arxiv}",
    }


def _unicode(csl: Csl, number: int) -> Csl:
    title = csl["title"].replace("-", "\u2010").replace("'", "\u2019").replace(" ", "\u00a0", 2)
    changed = unicodedata.normalize("NFD" if number % 2 else "NFKC", title)
    return {**_without(csl, "DOI", "URL"), "title": changed}


def _capitals(csl: Csl, number: int) -> Csl:
    title = csl["title"].upper() if number % 2 else f"<i>{csl['title'].title()}</i>."
    return {**_without(csl, "DOI", "URL"), "title": title}


def _without_accents(csl: Csl, _number: int) -> Csl:
    def plain(text: str) -> str:
        return "".join(
            sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
        )

    authors = [{part: plain(value) for part, value in author.items()} for author in csl["author"]]
    return {**_without(csl, "DOI", "URL"), "title": plain(csl["title"]), "author": authors}


def _no_subtitle(csl: Csl, _number: int) -> Csl | None:
    main, colon, _ = csl["title"].partition(": ")
    return {**_without(csl, "DOI", "URL"), "title": main} if colon and len(main.split()) >= 4 else None


def _initials(csl: Csl, number: int) -> Csl:
    def shorten(author: Csl) -> Csl:
        if "family" not in author or not author.get("given"):
            return author
        initials = " ".join(f"{part[0]}." for part in author["given"].replace(".", " ").split())
        if number % 2:
            return {"family": author["family"], "given": initials}
        return {"literal": f"{initials} {author['family']}"}

    return {**_without(csl, "DOI", "URL"), "author": [shorten(author) for author in csl["author"]]}


def _no_year(csl: Csl, _number: int) -> Csl | None:
    return _without(csl, "DOI", "URL", "issued") if len(csl["title"].split()) >= 5 else None


def _no_authors(csl: Csl, _number: int) -> Csl | None:
    return _without(csl, "DOI", "URL", "author") if len(csl["title"].split()) >= 5 else None


VARIANTS: dict[str, Callable[[Csl, int], Csl | None]] = {
    "doi case": _doi_case,
    "preprint": _preprint,
    "other server": _other_server,
    "bare preprint": _bare_preprint,
    "unicode": _unicode,
    "capitals": _capitals,
    "without accents": _without_accents,
    "no subtitle": _no_subtitle,
    "initials": _initials,
    "no year": _no_year,
    "no authors": _no_authors,
}


def _near_misses(works: Sequence[Csl], dice: random.Random) -> Iterator[tuple[str, str, Csl]]:
    """Yield records of works of their own that look like others."""
    for number in range(60):
        family, given = _NAMES[number % len(_NAMES)]
        yield (
            f"editorial {number}",
            "editorial",
            {
                "type": "article-journal", "title": ("Editorial", "Introduction", "Preface")[number % 3],
                "author": [{"family": family, "given": given}], "issued": {"date-parts": [[2015 + number % 8]]},
                "container-title": "Journal of Examples", "volume": str(number), "issue": str(1 + number % 4),
            },
        )  # fmt: skip
    chosen = dice.sample(list(enumerate(works)), k=min(400, len(works)))
    for number, csl in chosen:
        near = _without(csl, "id", "abstract", "custom", "DOI", "URL")
        rule = dice.choice(list(NEAR_MISSES))
        for place, miss in enumerate(NEAR_MISSES[rule](near, number)):
            yield f"near {number} {place}", rule, miss


def _parts(csl: Csl, _number: int) -> list[Csl]:
    return [{**csl, "title": f"{csl['title']}: {part}"} for part in ("Part I", "Part II", "3")]


def _editions(csl: Csl, _number: int) -> list[Csl]:
    year = csl["issued"]["date-parts"][0][0]
    book = {**csl, "type": "book", "title": f"Handbook of {csl['title']}"}
    return [
        {**book, "issued": {"date-parts": [[year + step]]}, "edition": str(step + 1)} for step in range(3)
    ]


def _annual(csl: Csl, _number: int) -> list[Csl]:
    year = csl["issued"]["date-parts"][0][0]
    report = {**csl, "title": f"Findings of the shared task on {csl['title']}"}
    return [{**report, "issued": {"date-parts": [[year + step]]}} for step in range(3)]


def _same_authors(csl: Csl, _number: int) -> list[Csl]:
    return [{**csl, "title": f"{csl['title']} in {where}"} for where in ("Kyiv", "Torino")]


def _other_authors(csl: Csl, number: int) -> list[Csl]:
    family, given = _NAMES[number % len(_NAMES)]
    return [
        {**csl, "author": [{"family": f"{family}son", "given": given}, {"family": "Nobody", "given": "N."}]}
    ]


def _namesake(csl: Csl, number: int) -> list[Csl]:
    """Return a work of the same title and year by somebody of the same family name."""
    first = csl["author"][0]
    if "family" not in first or not first.get("given"):
        return []
    initial = "Q" if first["given"][0] != "Q" else "Z"
    return [{**csl, "author": [{"family": first["family"], "given": f"{initial}uentin"}]}]


def _data(csl: Csl, number: int) -> list[Csl]:
    return [{**csl, "type": "dataset", "DOI": f"10.5281/zenodo.{number}", "publisher": "Zenodo"}]


def _review(csl: Csl, _number: int) -> list[Csl]:
    return [{**csl, "type": "review-book", "author": [{"family": "Criticus", "given": "C."}]}]


def _extended(csl: Csl, number: int) -> list[Csl]:
    """Return the longer version that appeared in a journal later, with a DOI of its own."""
    year = csl["issued"]["date-parts"][0][0]
    article = {**csl, "type": "article-journal", "container-title": "Journal of Longer Versions"}
    return [{**article, "DOI": f"10.5555/longer.{number}", "issued": {"date-parts": [[year + 2]]}}]


NEAR_MISSES: dict[str, Callable[[Csl, int], list[Csl]]] = {
    "parts": _parts,
    "editions": _editions,
    "annual": _annual,
    "same authors": _same_authors,
    "other authors": _other_authors,
    "namesake": _namesake,
    "data": _data,
    "review": _review,
    "extended": _extended,
}


def _without(csl: Csl, *fields: str) -> Csl:
    return {field: value for field, value in csl.items() if field not in fields}
