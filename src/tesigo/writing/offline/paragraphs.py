"""One paragraph of a review: a group of strands introduced, quoted, set beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tesigo.manuscript import Citation, Passage, Source
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.offline import naming
from tesigo.writing.offline.choosing import Group, Strand, speaks_of
from tesigo.writing.offline.frame_choice import FrameChoice
from tesigo.writing.offline.wording import Wording, needs
from tesigo.writing.quoting import Form, Move, Quote, cut_quote

_LONG_QUOTE = 40
_BETWEEN_BLOCKS = 7
_FULL_PARAGRAPH_WORDS = 125
_PLAIN_FALLBACK = {Form.CLAUSE: Move.FINDING, Form.OBJECT: Move.PROPOSAL, Form.SENTENCE: Move.PLAIN}


@dataclass(slots=True)
class Written:
    """What a section has so far: paragraphs, citations in their order, and how many words that is."""

    paragraphs: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    words: int = 0


class ParagraphWriter:
    """Writes the paragraphs of one section; every own sentence names something of its own.

    terms: the section's own phrases, most telling first. foreign: whether they are of another language than
    the document, and then stand in italics.
    """

    def __init__(
        self, wording: Wording, choice: FrameChoice, names: naming.Names, terms: Sequence[str], *, number: int
    ) -> None:
        self._wording = wording
        self._names = names
        self._choice = choice
        self._terms = terms
        self._shape = number
        self._met: set[str] = set()
        self._opened_with = number
        self._quoted_since_block = 2
        self._returned_to: set[str] = set()
        self._opened: set[str] = set()
        self._recent: list[str] = []
        self._closed: set[tuple[str, str]] = set()

    def write(self, group: Group) -> tuple[list[str], list[Citation]]:
        """Return the group's paragraphs (more than one when a long quotation stands apart) and its citations."""
        self._shape += 1
        sentences: list[str] = []
        citations: list[Citation] = []
        paragraphs: list[str] = []
        opener = self._opener(group)
        if opener:
            sentences.append(opener)
        is_opened = bool(opener)
        before: Strand | None = None
        for strand in group.strands:
            if strand is not group.strands[0] and _is_full(sentences):
                paragraphs.append(" ".join(sentences))
                sentences = []
            for place, passage in enumerate(strand.passages):
                citations.append(Citation(strand.source.key, passage, 1.0))
                apart = self._apart(strand.source, passage)
                if apart:
                    paragraphs += [" ".join([*sentences, apart[0]]), apart[1]]
                    sentences = []
                else:
                    sentences.append(self._quoting(group, strand, place, before, is_opened=is_opened))
            self._met.add(strand.source.key)
            self._returned_to.add(strand.source.key)
            before = strand
        closer = self._closer(group) if sentences else ""
        if closer:
            sentences.append(closer)
        if sentences:
            paragraphs.append(" ".join(sentences))
        return paragraphs, citations

    def _opener(self, group: Group) -> str:
        """Return the topic sentence, "" when the shape of this paragraph does without one."""
        is_plain_start = self._shape % 4 == 0 and len(group.strands) > 1
        if not group.term or group.term in self._opened or is_plain_start:
            return ""
        self._opened.add(group.term)
        sources = _sources(group)
        if len(sources) == 1 and sources[0].key in self._returned_to:
            return ""
        if len(sources) == 1:
            self._met.add(sources[0].key)
        role = {1: "one", 2: "two"}.get(len(sources), "many")
        fields = (
            self._source_fields(sources[0])
            | self._named(sources[0])
            | self._group_fields(sources)
            | {"term": self._wording.term(group.term)}
        )
        return self._choice.say(
            [self._wording.frames("opener", role)], fields, is_plural=self._names.is_plural(sources[0])
        )

    def _quoting(
        self, group: Group, strand: Strand, place: int, before: Strand | None, *, is_opened: bool
    ) -> str:
        source, passage = strand.source, strand.passages[place]
        quote = cut_quote(passage.text)
        fields = self._source_fields(source) | {"q": self._cited(quote.text, source)}
        plural = self._names.is_plural(source)
        term = self._term_of(passage, group)
        if place:
            fields["term"] = self._wording.term(term) if term else ""
            again = tuple(f"{frame}." for frame in self._wording.frames("again", quote.form.value))
            said = self._choice.say([again], fields, is_plural=plural)
            if said:
                return said
        if source.key in self._returned_to:
            back = tuple(f"{frame}." for frame in self._wording.frames("back", quote.form.value))
            said = self._choice.say([back], fields, is_plural=plural)
            if said:
                return said
        bridge = self._bridge(group, strand, before, term, is_opened=is_opened)
        pools = self._pools(quote, source, passage)
        if bridge:
            pools = [tuple(frame for frame in pool if frame.startswith("{who}")) for pool in pools]
        said = self._choice.say(pools, fields, is_plural=plural, lead=bridge)
        return said or f"{fields['who']}: {fields['q']}."

    def _pools(self, quote: Quote, source: Source, passage: Passage) -> list[tuple[str, ...]]:
        """Return the frames for these words, the fittest first: by what the source does there, else plain ones."""
        frames = self._wording.frames
        form = {Form.SENTENCE: "sentence", Form.CLAUSE: "clause", Form.OBJECT: "object"}[quote.form]
        pools = [frames(form, quote.move.value), frames(form, _PLAIN_FALLBACK[quote.form].value)]
        self._opened_with += 1
        if quote.form is Form.SENTENCE and not source.full_text and self._opened_with % 3 == 0:
            if passage.start == 0:
                pools.insert(0, frames(form, "opening"))
            elif passage.end >= len(source.abstract.rstrip()):
                pools.insert(0, frames(form, "closing"))
        return [tuple(f"{frame}." for frame in pool) for pool in pools if pool]

    def _bridge(
        self, group: Group, strand: Strand, before: Strand | None, term: str, *, is_opened: bool
    ) -> str:
        """Return what leads from the strand before to this one, "" for a plain start."""
        source = strand.source
        fields = self._source_fields(source)
        options: list[str] = []
        if before is None:
            if is_opened:
                options += ["title", "venue", ""] if self._shape % 2 else ["", "year"]
            else:
                options += ["turn", "title"]
        else:
            options += self._relations(before.source, source)
            options += ["turn", "title", "", "venue"]
            if group.term and len(group.strands) > 1:
                options.append("shared")
        fields |= {"term": self._wording.term(term) if term else ""}
        for _ in range(len(options)):
            name = self._choice.pick(tuple(f"bridge:{option}" for option in options))
            option = name.removeprefix("bridge:")
            options.remove(option)
            if not option:
                return ""
            filled = self._filled_bridge(option, group, before, source, fields)
            if filled:
                return filled
            if not options:
                break
        return ""

    def _filled_bridge(
        self, option: str, group: Group, before: Strand | None, source: Source, fields: dict[str, str]
    ) -> str:
        if option == "title" and source.key in self._met:
            return ""
        if option == "shared":
            fields = fields | {"term": self._wording.term(group.term)}
        if option in ("later", "earlier") and before is not None:
            gap = abs((source.year or 0) - (before.source.year or 0))
            fields = fields | {"gap": self._wording.count(gap, "year")}
        known = {name for name, value in fields.items() if value}
        pool = [frame for frame in self._wording.frames("bridge", option) if needs(frame) <= known]
        if not pool:
            return ""
        return self._wording.fill(self._choice.pick(pool), fields, is_plural=self._names.is_plural(source))

    @staticmethod
    def _relations(before: Source, source: Source) -> list[str]:
        if before.year is None or source.year is None:
            return []
        if before.year == source.year:
            return ["same_year"]
        return ["later"] if source.year > before.year else ["earlier"]

    def _closer(self, group: Group) -> str:
        """Return a sentence that compares the works by their own terms, "" when nothing sure can be said."""
        sources = _sources(group)
        if len(sources) < 2 or self._shape % 5 == 0:
            return ""
        fields = self._group_fields(sources)
        texts = {source.key: f"{source.title} {source.body}" for source in sources}
        own: dict[str, str] = {}
        for term in self._terms[:40]:
            if term == group.term:
                continue
            holders = [source for source in sources if speaks_of(texts[source.key], term)]
            if len(holders) == len(sources) and (term, "shared") not in self._closed:
                self._closed.add((term, "shared"))
                return self._choice.say(
                    [self._wording.frames("closer", "shared")], fields | {"term": self._wording.term(term)}
                )
            if len(holders) == 1:
                own.setdefault(holders[0].key, term)
        return self._difference(sources, own)

    def _difference(self, sources: Sequence[Source], own: dict[str, str]) -> str:
        marked = [source for source in sources if source.key in own]
        if not marked:
            return ""
        first = marked[0]
        fields = self._names.fields(first) | {"term": self._wording.term(own[first.key])}
        if len(marked) > 1:
            second = self._names.fields(marked[1])
            fields |= {
                "who2": second["who"],
                "person2": second["person"],
                "term2": self._wording.term(own[marked[1].key]),
            }
        name = "split" if len(marked) > 1 else "contrast"
        if name == "contrast" and len(sources) < 3:
            return ""
        return self._choice.say(
            [self._wording.frames("closer", name)], fields, is_plural=self._names.is_plural(first)
        )

    def _apart(self, source: Source, passage: Passage) -> tuple[str, str] | None:
        """Return the lead and the block for a quotation too long to run in a sentence, None for a short one."""
        self._quoted_since_block += 1
        if len(passage.text.split()) <= _LONG_QUOTE or self._quoted_since_block < _BETWEEN_BLOCKS:
            return None
        term = next((term for term in self._terms if speaks_of(passage.text, term)), "")
        fields = (
            self._source_fields(source)
            | self._named(source)
            | {"term": self._wording.term(term) if term else ""}
        )
        lead = self._choice.say(
            [self._wording.frames("block", "lead"), self._wording.frames("block", "plain")],
            fields,
            is_plural=self._names.is_plural(source),
        )
        if not lead:
            return None
        self._quoted_since_block = 0
        whole = " ".join(passage.text.split()).rstrip(" .")
        block = f"> {self._cited(whole, source)}."
        self._choice.heard(block)
        return lead, block

    def _term_of(self, passage: Passage, group: Group) -> str:
        """Return a term of the passage that the last sentences did not use, "" when it has none."""
        for term in self._terms:
            if term != group.term and term not in self._recent and speaks_of(passage.text, term):
                self._recent = [*self._recent[-5:], term]
                return term
        return ""

    def _source_fields(self, source: Source) -> dict[str, str]:
        return {
            "title": "" if self._names.is_titled(source) else naming.title(source),
            "year": str(source.year or ""),
            "venue": naming.venue(source),
            "kind": self._wording.noun(1, naming.kind(source)) if naming.kind(source) != "other" else "",
            **self._names.fields(source),
        }

    def _named(self, source: Source) -> dict[str, str]:
        """Return {title} for a sentence that names the work alone, where its label is the title."""
        return {"title": self._names.short_title(source)} if self._names.is_titled(source) else {}

    def _group_fields(self, sources: Sequence[Source]) -> dict[str, str]:
        years = [source.year for source in sources if source.year is not None]
        return {
            **self._names.list_fields(sources),
            **self._wording.counted_works(len(sources)),
            "span": self._wording.span(years) if len(years) == len(sources) else "",
        }

    def _cited(self, words: str, source: Source) -> str:
        return f"{self._wording.quoted(escape_markdown(words))} [@{source.key}]"


def _is_full(sentences: Sequence[str]) -> bool:
    return sum(len(sentence.split()) for sentence in sentences) > _FULL_PARAGRAPH_WORDS


def _sources(group: Group) -> list[Source]:
    return list({strand.source.key: strand.source for strand in group.strands}.values())
