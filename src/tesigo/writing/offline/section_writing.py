"""A body section of the offline writer: passages chosen, grouped, written paragraph by paragraph to length."""

from tesigo.manuscript import Passage, Section, count_words
from tesigo.manuscript.markdown import escape_markdown
from tesigo.writing.offline import naming
from tesigo.writing.offline.choosing import Group, Strand, choose_passages, group_passages
from tesigo.writing.offline.frame_choice import FrameChoice
from tesigo.writing.offline.paragraphs import ParagraphWriter, Written
from tesigo.writing.offline.wording import load_wording
from tesigo.writing.phrases import distinct_terms
from tesigo.writing.ports import SectionTask

_NEARLY = 22
_OWN_WORDS_PER_QUOTE = 20
_ROUNDS = 6
_CHOICE = 1.25
_SHORT_SECTION = 160


def write_body(task: SectionTask, *, name: str) -> Section:
    """Return the section; shorter than its target when the passages carry no more."""
    wording = load_wording(task.brief.language)
    choice = FrameChoice(wording, task.number)
    written = Written()
    if task.planned.level == 1:
        _lead_in(task, choice, written)
    if not task.planned.children:
        writer = ParagraphWriter(wording, choice, task.terms, number=task.number)
        _fill(task, writer, written)
    if not written.paragraphs or not (written.citations or task.planned.children):
        fields = {"heading": f"*{escape_markdown(task.planned.heading)}*"}
        written.paragraphs.append(choice.say([wording.frames("lead_in", "nothing")], fields))
    planned = task.planned
    return Section(
        planned.number,
        planned.heading,
        planned.kind,
        "\n\n".join(written.paragraphs),
        tuple(written.citations),
        written_by=name,
    )


def _fill(task: SectionTask, writer: ParagraphWriter, written: Written) -> None:
    """Add paragraphs until the target is met or nothing is left to quote."""
    left = list(task.passages)
    focus = f"{task.planned.heading} {task.brief.title}"
    for _ in range(_ROUNDS):
        wanted = task.target_words - written.words
        if not left or (written.citations and wanted < _NEARLY):
            return
        chosen = choose_passages(left, task.sources, focus=focus, words=max(1, round(_CHOICE * wanted)))
        taken = set(chosen)
        left = [passage for passage in left if passage not in taken]
        for group in group_passages(chosen, task.sources, task.terms):
            fitting = _cut_to(group, task.target_words - written.words, is_first=not written.citations)
            if fitting is None:
                continue
            paragraphs, citations = writer.write(fitting)
            written.paragraphs += paragraphs
            written.citations += citations
            written.words += sum(map(count_words, paragraphs))


def _cut_to(group: Group, words: int, *, is_first: bool) -> Group | None:
    """Return the group without the quotations that would pass the target by more than they fill, None for none."""
    room = words
    strands: list[Strand] = []
    for strand in group.strands:
        kept: list[Passage] = []
        for passage in strand.passages:
            cost = len(passage.text.split()) + _OWN_WORDS_PER_QUOTE
            if cost > 2 * room and not (is_first and not strands and not kept):
                continue
            room -= cost
            kept.append(passage)
        if kept:
            strands.append(Strand(strand.source, tuple(kept)))
    return Group(group.term, tuple(strands)) if strands else None


def _lead_in(task: SectionTask, choice: FrameChoice, written: Written) -> None:
    """Add the paragraphs that open a chapter: on what it rests, the way it takes, who is central."""
    wording = load_wording(task.brief.language)
    sources = task.sources
    years = [source.year for source in sources if source.year is not None]
    children = [f"*{escape_markdown(child.heading)}*" for child in task.planned.children]
    terms = [_shown(term, wording.language) for term in distinct_terms(task.terms, 4)]
    fields = {
        "heading": f"*{escape_markdown(task.planned.heading)}*",
        "works": wording.count(len(sources), "work"),
        "span": wording.span(years) if len(years) > len(sources) // 2 else "",
        "topics": wording.list_of(children),
        "names": naming.all_authors(sources[:3], wording) if len(sources) > 3 else "",
        "terms": wording.list_of(terms) if len(terms) > 2 else "",
    }
    roles = ["first", "terms", "central", "route"] if children else ["first", "terms", "central"]
    if not children and task.target_words < _SHORT_SECTION:
        roles = roles[:1]
    sentences = [choice.say([wording.frames("lead_in", role)], fields) for role in roles]
    text = " ".join(sentence for sentence in sentences if sentence)
    if text:
        written.paragraphs.append(text)
        written.words += count_words(text)


def _shown(term: str, language: str) -> str:
    plain = escape_markdown(term)
    return plain if language == "en" else f"*{plain}*"
