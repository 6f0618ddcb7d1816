"""Two small sources with passages, and what a text about them may refer to."""

from tesigo.manuscript import Citation, Manuscript, Section, SectionKind, Source
from tesigo.research.passages import cut_passages
from tesigo.writing.checks import Fault, find_faults
from tesigo.writing.prompted.reading import read_prose
from tesigo.writing.prompted.references import References

ROSSI = Source(
    "rossi2020",
    {
        "id": "rossi2020",
        "title": "Terraces and soil",
        "author": [{"family": "Rossi"}, {"family": "Bianchi"}],
        "issued": {"date-parts": [[2020]]},
        "DOI": "10.1000/soil.2020",
    },
    "Terraces hold the soil on steep slopes even after heavy rain in autumn. Farmers don’t rebuild broken walls "
    "because the work takes 40 days each year. Cover crops feed the soil in winter and keep weeds down.",
)
NOVAK = Source(
    "novak2021",
    {
        "id": "novak2021",
        "title": "Ponds",
        "author": [{"family": "Novak"}],
        "issued": {"date-parts": [[2021]]},
        "URL": "https://example.org/ponds/",
    },
    "Ponds store the rain of spring for the dry months of the year. Villages that share one pond lose 12 percent "
    "of their water to evaporation every summer.",
)
LARSEN = Source(
    "larsen2019",
    {
        "id": "larsen2019",
        "title": "Seeds",
        "author": [{"family": "Larsen"}],
        "issued": {"date-parts": [[2019]]},
    },
    "Local seeds germinate earlier than bought ones in most of the years that were observed.",
)


def references(language: str = "en", *, forgiven: tuple[str, ...] = ()) -> References:
    """Return what a text may refer to that is written from Rossi and Novak, in a document that has Larsen too."""
    cited = {source.key: source for source in (ROSSI, NOVAK)}
    passages = tuple(passage for source in cited.values() for passage in cut_passages(source))
    return References(language, cited, {**cited, LARSEN.key: LARSEN}, passages, frozenset(forgiven))


def read(reply: str, language: str = "en") -> tuple[str, tuple[Citation, ...]]:
    """Return what of an answer enters the section called "Soil"."""
    return read_prose(reply, "Soil", references(language))


def faults_of(content: str, citations: tuple[Citation, ...], language: str = "en") -> list[Fault]:
    """Return what the checks find in a section of that text; the same sentence twice is not looked at."""
    section = Section("2", "Soil", SectionKind.BODY, content, citations)
    manuscript = Manuscript("Farms", language, "apa", "generic", (section,), (ROSSI, NOVAK, LARSEN))
    return [fault for fault in find_faults(manuscript) if fault.kind != "repeated_sentence"]
