"""A body section of the offline writer: passages chosen, grouped, written paragraph by paragraph to length."""

from collections import Counter
from collections.abc import Sequence

from tesigo.manuscript import Passage, Section, Source, count_words
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.offline import naming
from tesigo.writing.offline.choosing import Group, Strand, choose_passages, group_passages
from tesigo.writing.offline.frame_choice import FrameChoice
from tesigo.writing.offline.paragraphs import ParagraphWriter, Written
from tesigo.writing.offline.wording import Wording, load_wording
from tesigo.writing.phrases import distinct_terms
from tesigo.writing.ports import SectionTask

_NEARLY = 22
_WORDS_FOR_A_VOICE = 38
_OWN_WORDS_PER_QUOTE = 20
_ROUNDS = 6
_CHOICE = 1.25
_SHORT_SECTION = 160
_LEAD_IN_WORDS = 30


def write_body(task: SectionTask, *, name: str) -> Section:
    """Return the section; shorter than its target when the passages carry no more."""
    wording = load_wording(task.brief.language)
    choice = FrameChoice(wording, task.number)
    names = naming.Names(task.chosen, wording)
    written = Written()
    if task.planned.children:
        _open_with(
            _roles_of_chapter(task, wording, names),
            choice,
            wording,
            written,
            is_plural=len(task.sources) != 1,
        )
    else:
        is_chapter = task.planned.level == 1
        written.words = _LEAD_IN_WORDS if is_chapter else 0
        _fill(task, ParagraphWriter(wording, choice, names, task.terms, number=task.number), written)
        if is_chapter and written.citations:
            _open_with(_roles_of_leaf(task, wording, names, written), choice, wording, written)
        if not written.citations:
            fields = {"heading": f"*{escape_markdown(task.planned.heading)}*"}
            written.paragraphs.append(choice.say([wording.frames("lead_in", "nothing")], fields))
    planned = task.planned
    content = "\n\n".join(written.paragraphs)
    return Section(
        planned.number, planned.heading, planned.kind, content, tuple(written.citations), written_by=name
    )


def _fill(task: SectionTask, writer: ParagraphWriter, written: Written) -> None:
    """Add paragraphs until the target is met or nothing is left to quote."""
    left = list(task.passages)
    focus = f"{task.planned.heading} {task.brief.title}"
    voices = {passage.source_key for passage in left}
    if len(voices) * _WORDS_FOR_A_VOICE > task.target_words:
        voices = set()
    for _ in range(_ROUNDS):
        wanted = task.target_words - written.words
        if not left or (written.citations and wanted < _NEARLY):
            return
        quoted = Counter(citation.key for citation in written.citations)
        chosen = choose_passages(
            left, task.sources, focus=focus, words=max(1, round(_CHOICE * wanted)), quoted=quoted
        )
        taken = set(chosen)
        left = [passage for passage in left if passage not in taken]
        for group in group_passages(chosen, task.sources, task.terms):
            heard = {citation.key for citation in written.citations}
            fitting = _cut_to(
                group,
                task.target_words - written.words,
                is_first=not written.citations,
                silent=voices - heard,
            )
            if fitting is None:
                continue
            paragraphs, citations = writer.write(fitting)
            written.paragraphs += paragraphs
            written.citations += citations
            written.words += sum(map(count_words, paragraphs))


def _cut_to(group: Group, words: int, *, is_first: bool, silent: set[str]) -> Group | None:
    """Return the group without the quotations that would pass the target by more than they fill, None for none.

    silent: sources that are still to be heard; room is kept for a quotation of each.
    """
    room = words
    heard: set[str] = set()
    strands: list[Strand] = []
    for strand in group.strands:
        kept: list[Passage] = []
        for passage in strand.passages:
            cost = len(passage.text.split()) + _OWN_WORDS_PER_QUOTE
            is_first_word = strand.source.key in silent and not kept
            reserved = 0 if is_first_word else _WORDS_FOR_A_VOICE * len(silent - {strand.source.key, *heard})
            is_needed = is_first_word or (is_first and not strands and not kept)
            if cost > 2 * (room - reserved) and not is_needed:
                continue
            room -= cost
            kept.append(passage)
            heard.add(strand.source.key)
        if kept:
            strands.append(Strand(strand.source, tuple(kept)))
    return Group(group.term, tuple(strands)) if strands else None


def _roles_of_chapter(
    task: SectionTask, wording: Wording, names: naming.Names
) -> list[tuple[str, dict[str, str]]]:
    """Return what opens a chapter with sections: what was consulted, what is central, the way it takes."""
    sources = task.sources
    children = [f"*{escape_markdown(child.heading)}*" for child in task.planned.children]
    fields = _fields(task, wording, sources)
    fields["topics"] = wording.list_of(children)
    if len(sources) > 3:
        fields |= names.list_fields(sources[:3])
    return [("consulted", fields), ("terms", fields), ("central", fields), ("route", fields)]


def _roles_of_leaf(
    task: SectionTask, wording: Wording, names: naming.Names, written: Written
) -> list[tuple[str, dict[str, str]]]:
    """Return what opens a chapter without sections, from the works that it turned out to quote."""
    cited = {citation.key for citation in written.citations}
    sources = [source for source in task.sources if source.key in cited]
    fields = _fields(task, wording, sources)
    if len(sources) == 1:
        return [("alone", fields | _alone(sources[0], names))]
    roles = [("first", fields), ("terms", fields)]
    return roles if task.target_words >= _SHORT_SECTION else roles[:1]


def _alone(source: Source, names: naming.Names) -> dict[str, str]:
    title = names.short_title(source) if names.is_titled(source) else naming.title(source)
    return {"title": title, **names.list_fields([source])}


def _fields(task: SectionTask, wording: Wording, sources: Sequence[Source]) -> dict[str, str]:
    years = [source.year for source in sources if source.year is not None]
    terms = [wording.term(term) for term in distinct_terms(task.terms, 4)]
    return {
        "heading": f"*{escape_markdown(task.planned.heading)}*",
        **(wording.counted_works(len(sources)) if sources else {}),
        "span": wording.span(years) if len(years) == len(sources) else "",
        "terms": wording.list_of(terms) if len(terms) > 2 else "",
    }


def _open_with(
    roles: Sequence[tuple[str, dict[str, str]]],
    choice: FrameChoice,
    wording: Wording,
    written: Written,
    *,
    is_plural: bool = True,
) -> None:
    """Put a paragraph of these roles before what is written."""
    sentences = [
        choice.say([wording.frames("lead_in", role)], fields, is_plural=is_plural) for role, fields in roles
    ]
    text = " ".join(sentence for sentence in sentences if sentence)
    if text:
        written.paragraphs.insert(0, text)
