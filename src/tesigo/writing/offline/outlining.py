"""The offline writer's outline: topics found by clustering what can be quoted, named by their own phrases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tesigo.manuscript import Outline, PlannedSection, SectionKind
from tesigo.research.evidence import Evidence
from tesigo.research.terms import guess_language
from tesigo.writing.brief import Brief
from tesigo.writing.evidence_blocks import Block, Candidate, collection_usage, cut_blocks
from tesigo.writing.headings import choose_heading, heading_text, label_groups
from tesigo.writing.length import chapter_count, section_words
from tesigo.writing.offline.outline_frame import body_words, frame_outline
from tesigo.writing.offline.wording import Wording, load_wording
from tesigo.writing.phrases import Phrase, Usage, find_phrases, phrase_key
from tesigo.writing.source_choice import usable_candidates
from tesigo.writing.topics import divide, meaning_vectors

_LANGUAGE_SAMPLE = 1_000
_LEAD_IN_WORDS = 80
_SMALLEST_CHAPTER_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class _Topic:
    """A chapter or section in the making: its blocks, and the phrases that it may be named by."""

    rows: list[int]
    telling: list[Phrase]


def propose(brief: Brief, evidence: Evidence, *, words: int) -> Outline:
    """Return abstract, introduction, chapters by topic, conclusion, with targets that add up to `words`.

    Raises NoUsableSource when nothing at hand serves the title.
    """
    wording = load_wording(brief.language)
    candidates = usable_candidates(brief, evidence, words=words)
    blocks = cut_blocks(candidates)
    planner = _Planner(brief, wording, candidates, blocks, collection_usage(evidence))
    chapters = planner.chapters(body_words(brief, words))
    return frame_outline(brief, chapters, [candidate.source for candidate in candidates], words=words)


class _Planner:
    """Divides blocks into chapters and sections and names them."""

    def __init__(
        self,
        brief: Brief,
        wording: Wording,
        candidates: Sequence[Candidate],
        blocks: Sequence[Block],
        usage: Usage,
    ) -> None:
        self._brief = brief
        self._wording = wording
        self._blocks = blocks
        self._sources = {candidate.source.key: candidate.source for candidate in candidates}
        self._vectors = meaning_vectors([block.stems for block in blocks])
        self._weights = [float(block.words) for block in blocks]
        texts = []
        for block in blocks:
            source = self._sources[block.source_key]
            said = source.abstract if not source.full_text else " ".join(p.text for p in block.passages)
            texts.append((source.title, said))
        self._phrases = find_phrases(texts, usage)
        self._used: list[str] = [
            phrase_key(wording.heading(kind)) for kind in (SectionKind.INTRODUCTION, SectionKind.CONCLUSION)
        ]
        self._native = {
            key: guess_language(source.body[:_LANGUAGE_SAMPLE]) == brief.language
            for key, source in self._sources.items()
        }
        self._frames = wording.heading_frames()

    def chapters(self, words: int) -> tuple[PlannedSection, ...]:
        """Return the topic chapters, the most relevant first, their targets adding up to `words`."""
        possible = max(1, len(self._blocks) // _SMALLEST_CHAPTER_BLOCKS)
        count = min(chapter_count(self._brief.pages), possible)
        groups = divide(self._vectors, self._weights, count)
        groups.sort(key=lambda rows: (-self._relevance(rows), rows))
        named = self._named(groups)
        total = sum(self._weight(topic.rows) for topic, _ in named)
        return tuple(
            self._chapter(str(place + 2), heading, topic, round(words * self._weight(topic.rows) / total))
            for place, (topic, heading) in enumerate(named)
        )

    def _chapter(self, number: str, heading: str, topic: _Topic, words: int) -> PlannedSection:
        parts = min(round(words / section_words(self._brief.pages)), len(topic.rows) // 2, 7)
        chapter = PlannedSection(
            number, heading, SectionKind.BODY, self._purpose(topic), words, self._keys(topic.rows)
        )
        if parts < 2:
            return chapter
        local = divide(self._vectors[topic.rows], [self._weights[row] for row in topic.rows], parts)
        groups = [[topic.rows[index] for index in group] for group in local]
        if len(groups) < 2:
            return chapter
        groups.sort(key=lambda rows: (-self._relevance(rows), rows))
        lead_in = min(_LEAD_IN_WORDS + 12 * len(groups), words // 5)
        total = sum(map(self._weight, groups))
        children = tuple(
            PlannedSection(
                f"{number}.{place + 1}",
                child_heading,
                SectionKind.BODY,
                self._purpose(child),
                round((words - lead_in) * self._weight(child.rows) / total),
                self._keys(child.rows),
            )
            for place, (child, child_heading) in enumerate(self._named(groups))
        )
        return replace(chapter, target_words=lead_in, children=children)

    def _named(self, groups: Sequence[list[int]]) -> list[tuple[_Topic, str]]:
        """Return each group with its heading; every heading differs from all that are in use."""
        lists = label_groups(groups, self._phrases, barred=self._used)
        named = []
        for rows, telling in zip(groups, lists, strict=True):
            phrase = choose_heading(telling, used=self._used, title=self._brief.title)
            if phrase is None:
                phrase = self._fallback(rows)
            self._used.append(phrase.key)
            holders = [
                self._native[self._blocks[row].source_key] for row in phrase.holders if row in rows
            ] or [False]
            frame = self._frames[len(self._used) % len(self._frames)]
            heading = heading_text(
                phrase, self._brief.language, is_native=2 * sum(holders) > len(holders), frame=frame
            )
            named.append((_Topic(rows, telling), heading))
        return named

    def _fallback(self, rows: Sequence[int]) -> Phrase:
        """Return a name for a group without a phrase of its own: the title of its most relevant work."""
        best = sorted(rows, key=lambda row: (-self._blocks[row].relevance, row))
        for row in best:
            title = self._sources[self._blocks[row].source_key].title.split(":")[0].split("?")[0].strip(" .")
            if title and phrase_key(title) not in self._used and len(title) <= 90:
                return Phrase(phrase_key(title), title, (row,), 1, 1)
        number = len(self._used)
        return Phrase(f"topic {number}", self._wording.further_topic(number), tuple(rows[:1]), 0, 1)

    def _purpose(self, topic: _Topic) -> str:
        return self._wording.topic_purpose([phrase.surface for phrase in topic.telling[:4]])

    def _keys(self, rows: Sequence[int]) -> tuple[str, ...]:
        ordered = sorted(rows, key=lambda row: (-self._blocks[row].relevance, row))
        return tuple(dict.fromkeys(self._blocks[row].source_key for row in ordered))

    def _relevance(self, rows: Sequence[int]) -> float:
        return round(sum(self._blocks[row].relevance for row in rows) / len(rows), 9)

    def _weight(self, rows: Sequence[int]) -> float:
        return sum(self._weights[row] for row in rows)
