"""What a model is asked for a section, and how its answer becomes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tesigo.gateway.errors import UnusableReply
from tesigo.gateway.ports import Prompt
from tesigo.manuscript import Passage, PlannedSection, Section, SectionKind, Source
from tesigo.writing.checks import mend_section
from tesigo.writing.errors import FaultyText
from tesigo.writing.ports import SectionTask, SummaryTask
from tesigo.writing.prompted.material import (
    passages_to_show,
    show_children,
    show_elsewhere,
    show_passages,
    show_terms,
    show_written,
)
from tesigo.writing.prompted.prompts import LANGUAGE_NAMES, make_prompt, one_line, tokens_for
from tesigo.writing.prompted.reading import read_prose
from tesigo.writing.prompted.references import References
from tesigo.writing.said import Said
from tesigo.writing.sentences import QUOTATION_MARKS

_LEAST_SHARE = 0.35
_UNSUPPORTED_WORDS = 90
_CITING = (
    "Where a sentence rests on a passage, put the key that stands before it at its end, before the full stop: "
    "[@key]. Use no other keys, and cite in no other way."
)
_NOT_CITING = "Cite nothing: no keys, no names of authors with years, no numbers of references, no addresses."


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt for one section, with the reader of what the model answers.

    least_words: below this an answer is not used. must_cite: it was given passages, and must use them.
    """

    prompt: Prompt
    planned: PlannedSection
    references: References
    target_words: int
    must_cite: bool

    def read(self, text: str) -> Section:
        """Return the section in what the model answered, faultless by the checks.

        Raises UnusableReply with a reason that the model can mend its answer by.
        """
        planned = self.planned
        content, citations = read_prose(text, planned.heading, self.references)
        section = Section(planned.number, planned.heading, planned.kind, content, citations)
        if content:
            try:
                section = mend_section(section, sources=self.references.known, said=Said())
            except FaultyText as fault:
                raise UnusableReply(f"The text breaks a rule: {fault.message}") from fault
        if section.words < _LEAST_SHARE * self.target_words:
            raise UnusableReply(
                f"Only {section.words} words can be used, and about {self.target_words} are wanted. Write the whole "
                "text, in prose, and cite with the given keys only: sentences that rest on other references are lost."
            )
        if self.must_cite and not section.citations:
            keys = ", ".join(f"[@{key}]" for key in list(self.references.citable)[:3])
            raise UnusableReply(
                f"Nothing is cited. Put the key of the passage that supports a claim after it: {keys} …"
            )
        return section

    def signed(self, section: Section, model: str) -> Section:
        """Return the section with the name of who wrote it."""
        return replace(section, written_by=model)


def ask_for_section(task: SectionTask) -> Request:
    """Return the request for a body section: from its passages, or as the opening of a chapter with sections."""
    passages = passages_to_show(task)
    known = {source.key: source for source in (*task.sources, *task.chosen)}
    fields = {
        "title": one_line(task.brief.title),
        "heading": one_line(task.planned.heading),
        "purpose": one_line(task.planned.purpose),
    }
    words = task.target_words
    if task.planned.children:
        name, fields = "chapter/1", fields | {"sections": show_children(task.planned)}
    elif not passages:
        name, fields = "unsupported/1", fields | {"elsewhere": show_elsewhere(task.outline, task.planned)}
        words = min(words, _UNSUPPORTED_WORDS)
    else:
        opens, closes = QUOTATION_MARKS[task.brief.language]
        name, fields = (
            "section/1",
            fields
            | {
                "elsewhere": _joined(show_elsewhere(task.outline, task.planned), show_terms(task.terms)),
                "passages": show_passages(passages, known.values()),
                "opens": opens,
                "closes": closes,
            },
        )
    references = References(
        task.brief.language,
        citable=_cited_by(task.passages, known),
        known=known,
        passages=task.passages,
    )
    prompt = _prompt(name, fields, words, task.brief.language)
    return Request(prompt, task.planned, references, words, must_cite=bool(passages))


def ask_for_summary(task: SummaryTask) -> Request:
    """Return the request for the introduction, the conclusion or the abstract; the abstract cites nothing."""
    is_abstract = task.planned.kind is SectionKind.ABSTRACT
    passages = () if is_abstract else task.passages
    known = {source.key: source for source in task.sources}
    cited = {citation.key for section in task.written for citation in section.citations}
    fields = {
        "title": one_line(task.brief.title),
        "considered": str(len(task.considered)),
        "cited": str(len(cited)),
        "sections": show_written(task.written),
        "passages": show_passages(passages, task.sources),
        "citing": _CITING if passages else _NOT_CITING,
    }
    references = References(
        task.brief.language,
        citable=_cited_by(passages, known),
        known=known,
        passages=passages,
        forgiven=frozenset(known),
    )
    prompt = _prompt(f"{task.planned.kind.value}/1", fields, task.target_words, task.brief.language)
    return Request(prompt, task.planned, references, task.target_words, must_cite=False)


def _prompt(name: str, fields: Mapping[str, str], words: int, language: str) -> Prompt:
    given = {**fields, "words": str(words), "language": LANGUAGE_NAMES[language]}
    return make_prompt(name, given, most_tokens=tokens_for(words, language))


def _cited_by(passages: Sequence[Passage], sources: Mapping[str, Source]) -> dict[str, Source]:
    """Return the sources of the passages by key, in the passages' order."""
    return {passage.source_key: sources[passage.source_key] for passage in passages}


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
