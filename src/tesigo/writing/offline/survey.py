"""Facts about the written sections: what introduction, conclusion and abstract may state."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tesigo.manuscript import Citation, PlannedSection, Section, SectionKind, Source
from tesigo.research.terms import tokens
from tesigo.writing.headings import label_groups
from tesigo.writing.offline.naming import Names
from tesigo.writing.offline.wording import Wording, load_wording
from tesigo.writing.phrases import Usage, distinct_terms, find_phrases, phrase_key
from tesigo.writing.ports import SummaryTask

_SAMPLE = 3_000
_SEEN_EVERYWHERE = 3
_RARE_SHARE = 0.34
_SINGLE_VOICE = 0.5


@dataclass(frozen=True, slots=True)
class ChapterView:
    """What one chapter turned out to be: its plan, the works that it quotes, and the phrases that mark it."""

    planned: PlannedSection
    citations: tuple[Citation, ...]
    sources: tuple[Source, ...]
    terms: tuple[str, ...]


class Survey:
    """Facts about the written sections that introduction, conclusion and abstract state."""

    def __init__(self, task: SummaryTask) -> None:
        self.wording: Wording = load_wording(task.brief.language)
        self.task = task
        self.by_key = {source.key: source for source in task.sources}
        body = [section for section in task.written if section.kind is SectionKind.BODY]
        self.citations = [citation for section in body for citation in section.citations]
        counts = Counter(citation.key for citation in self.citations)
        self.cited = [source for source in task.sources if source.key in counts]
        self.most_cited = sorted(self.cited, key=lambda source: (-counts[source.key], source.key))
        self.years = [source.year for source in self.cited if source.year is not None]
        chosen = {key for planned in task.outline.walk() for key in planned.keys}
        chosen |= set(counts)
        self.names = Names([source for source in task.sources if source.key in chosen], self.wording)
        self.usage = Usage((source.abstract or source.body)[:_SAMPLE] for source in self.cited)
        self.chapters = self._chapters(task, body)

    def works(self, number: int) -> str:
        """Return "twelve works"."""
        return self.wording.count(number, "work")

    def abstracts_only(self) -> int:
        """Return how many of the quoted works were at hand without their full text."""
        return sum(not source.full_text for source in self.cited)

    def rare_title_word(self) -> tuple[str, int] | None:
        """Return the title's word that the fewest quoted works use, with their number; None when all are common."""
        found = []
        stems = {source.key: set(tokens(f"{source.title} {source.body}")) for source in self.cited}
        for word in dict.fromkeys(self.task.brief.title.replace(":", " ").split()):
            plain = word.strip(".,;!?«»“”()")
            stem = tokens(plain)
            if len(stem) == 1:
                users = sum(stem[0] in held for held in stems.values())
                if users < _RARE_SHARE * len(self.cited):
                    found.append((users, plain.lower() if plain[1:].islower() else plain))
        used = [one for one in found if one[0] > 0]
        return min(used, default=None) and (min(used)[1], min(used)[0])

    def common_terms(self) -> list[str]:
        """Return phrases that the quotations of several chapters share, the widest spread first."""
        texts = [
            (" ", " ".join(citation.passage.text for citation in chapter.citations))
            for chapter in self.chapters
        ]
        title = set(phrase_key(self.task.brief.title).split())
        spread = [
            (-len(phrase.holders), -phrase.length, phrase.key, phrase.surface)
            for phrase in find_phrases(texts, self.usage)
            if len(phrase.holders) >= _SEEN_EVERYWHERE
            and phrase.length > 1
            and not set(phrase.key.split()) <= title
        ]
        return [surface for _, _, _, surface in sorted(spread)]

    def single_voiced(self) -> list[ChapterView]:
        """Return the chapters in which one work carries more than half of the quotations."""
        return [
            chapter
            for chapter in self.chapters
            if len(chapter.sources) > 1
            and Counter(c.key for c in chapter.citations).most_common(1)[0][1]
            > _SINGLE_VOICE * len(chapter.citations)
        ]

    def _chapters(self, task: SummaryTask, body: Sequence[Section]) -> list[ChapterView]:
        plans = [planned for planned in task.outline.sections if planned.kind is SectionKind.BODY]
        quoted = []
        for planned in plans:
            numbers = {planned.number, *(child.number for child in planned.children)}
            quoted.append([c for section in body if section.number in numbers for c in section.citations])
        flat = [(place, c) for place, citations in enumerate(quoted) for c in citations]
        phrases = find_phrases([("", c.passage.text) for _, c in flat], self.usage)
        groups = [[n for n, (place, _) in enumerate(flat) if place == wanted] for wanted in range(len(plans))]
        barred = {phrase_key(task.brief.title), *(phrase_key(planned.heading) for planned in plans)}
        lists = label_groups(groups, phrases, barred=barred)
        views = []
        for planned, citations, telling in zip(plans, quoted, lists, strict=True):
            counts = Counter(c.key for c in citations)
            order = {key: place for place, key in enumerate(planned.keys)}
            keys = sorted(counts, key=lambda key: (-counts[key], order.get(key, len(order)), key))
            words = distinct_terms((phrase.surface for phrase in telling), 4)
            views.append(
                ChapterView(planned, tuple(citations), tuple(self.by_key[key] for key in keys), tuple(words))
            )
        return views
