"""Made sources, a journal that remembers, and a page counter that only divides."""

from tesigo.manuscript import Manuscript, Outline, PlannedSection, Section, Source
from tesigo.manuscript.keys import issue_key
from tesigo.writing.stages import Stage

TOPICS = {
    "soil erosion": ("terraced slopes", "rainfall intensity", "sediment loss", "hillside farming"),
    "crop rotation": ("legume cycles", "nitrogen balance", "winter cover", "harvest stability"),
    "water harvesting": ("storage ponds", "dry season", "runoff capture", "village cisterns"),
    "seed banks": ("local varieties", "germination rates", "community storage", "drought tolerance"),
    "farm cooperatives": ("shared machinery", "market access", "member training", "credit unions"),
    "pest monitoring": ("insect traps", "early warning", "field scouting", "natural enemies"),
}
_CLAIMS = (
    "{a} reduces the risk of failed harvests because farmers in {place} depend on {b} for most of the year.",
    "We find that {b} improves {topic} in {place} when households combine it with {a} over several seasons.",
    "However, the effect of {a} on {topic} in {place} remains limited where {b} is not available to farmers.",
    "Results from {place} show that {topic} and {b} are associated with higher yields on small farms.",
    "In this paper, we present a field study of {a} and its role for {topic} among growers in {place}.",
    "The adoption of {b} requires training, and {topic} in {place} depends on the advice that farmers receive.",
)
_PLACES = (
    "Tuscany", "Volhynia", "Andalusia", "Brittany", "Galicia", "Umbria", "Podillia", "Bavaria", "Moravia", "Sicily",
)  # fmt: skip


def make_sources(count: int = 60) -> list[Source]:
    """Return made sources on farming: six topics, several authors, years and kinds, unlike sentences."""
    names = [
        "Rossi",
        "Shevchenko",
        "Novak",
        "Weber",
        "Moreau",
        "Conti",
        "Bondar",
        "Larsen",
        "Costa",
        "Horvat",
        "Greco",
        "Melnyk",
    ]
    sources: list[Source] = []
    taken: set[str] = set()
    topics = list(TOPICS.items())
    for number in range(count):
        topic, aspects = topics[number % len(topics)]
        a, b = aspects[number % 4], aspects[(number + 1 + number // 6) % 4]
        place = f"{_PLACES[number % 10]} {1950 + number}"
        claims = [claim.format(a=a, b=b, topic=topic, place=place) for claim in _CLAIMS]
        abstract = " ".join(claim[0].upper() + claim[1:] for claim in claims)
        authors = [{"family": names[(number + shift) % len(names)]} for shift in range(1 + number % 3)]
        csl = {
            "type": ("article-journal", "paper-conference", "book")[number % 3],
            "title": f"{topic.capitalize()} and {a} for sustainable farming in {place}",
            "author": authors,
            "issued": {"date-parts": [[2000 + number % 20]]},
            "container-title": "Journal of Made Agriculture",
        }
        key = issue_key(csl, taken)
        taken.add(key)
        sources.append(Source(key, {**csl, "id": key}, abstract))
    return sources


class RecordingJournal:
    """Remembers all that it is told."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.sources: tuple[Source, ...] = ()
        self.outline: Outline | None = None
        self.started: list[str] = []
        self.sections: dict[str, Section] = {}
        self.warnings: list[str] = []

    async def stage_started(self, stage: Stage) -> None:
        self.stages.append(stage)

    async def evidence_found(self, sources: tuple[Source, ...], warnings: tuple[str, ...]) -> None:
        self.sources = sources
        self.warnings += warnings

    async def outline_ready(self, outline: Outline) -> None:
        self.outline = outline

    async def section_started(self, planned: PlannedSection) -> None:
        assert planned.number not in self.sections, "a finished section was started again"
        self.started.append(planned.number)

    async def section_written(self, section: Section) -> None:
        assert section.number not in self.sections, "a section was written twice"
        self.sections[section.number] = section

    async def warned(self, warning: str) -> None:
        self.warnings.append(warning)


def count_by_words(manuscript: Manuscript) -> float:
    """Count pages as a plain layout would: 380 words each, three in front, nine references on one."""
    return 3.2 + manuscript.words / 380 + len(manuscript.cited_keys) / 9
