"""What a model is asked for a section, and how its answer becomes one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tesigo.gateway.errors import UnusableReply
from tesigo.gateway.ports import Prompt
from tesigo.manuscript import Passage, PlannedSection, Section, SectionKind, Source
from tesigo.writing.checks import mend_section
from tesigo.writing.errors import FaultyText
from tesigo.writing.ports import SectionTask, SummaryTask
from tesigo.writing.prompted.material import (
    carried_words,
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
_RECORD = re.compile(r'\{\s*"[^"\n]*"\s*:')
"""JSON, or the beginning of it: what a server sends that mixes answers up."""
_CITING = (
    "Where a sentence rests on a passage, put the key that stands before it at its end, before the full stop: "
    "[@key]. Use no other keys, and cite in no other way."
)
_NOT_CITING = "Cite nothing: no keys, no names of authors with years, no numbers of references, no addresses."


@dataclass(frozen=True, slots=True)
class Request:
    """A prompt for one section, with the reader of what the model answers.

    target_words: what it asks for; an answer of which much less can be used is refused. must_cite: it was given
    passages, and must use them.
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
        if _RECORD.search(text):
            raise UnusableReply("There is a record in it. Write prose alone, in whole sentences")
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
    planned, target = task.planned, task.target_words
    if planned.children:
        return _request_of(task, "chapter/1", {"sections": show_children(planned)}, words=target)
    elsewhere = show_elsewhere(task.outline, planned)
    if not task.passages:
        words = min(target, _UNSUPPORTED_WORDS)
        return _request_of(task, "unsupported/1", {"elsewhere": elsewhere}, words=words)
    words = min(target, carried_words(task.passages))
    opens, closes = QUOTATION_MARKS[task.brief.language]
    fields = {
        "elsewhere": "\n\n".join(filter(None, (elsewhere, show_terms(task.terms)))),
        "passages": show_passages(passages_to_show(task, words), _known(task).values()),
        "opens": opens,
        "closes": closes,
    }
    return _request_of(task, "section/1", fields, words=words)


def _request_of(task: SectionTask, name: str, fields: Mapping[str, str], *, words: int) -> Request:
    known, planned, language = _known(task), task.planned, task.brief.language
    asked = {
        "title": one_line(task.brief.title),
        "heading": one_line(planned.heading),
        "purpose": one_line(planned.purpose),
        **fields,
    }
    references = References(language, _cited_by(task.passages, known), known, task.passages)
    return Request(
        _prompt(name, asked, words, language), planned, references, words, must_cite=bool(task.passages)
    )


def _known(task: SectionTask) -> dict[str, Source]:
    return {source.key: source for source in (*task.sources, *task.chosen)}


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
    words, language = task.target_words, task.brief.language
    references = References(language, _cited_by(passages, known), known, passages, forgiven=frozenset(known))
    prompt = _prompt(f"{task.planned.kind.value}/1", fields, words, language)
    return Request(prompt, task.planned, references, words, must_cite=False)


def _prompt(name: str, fields: Mapping[str, str], words: int, language: str) -> Prompt:
    given = {**fields, "words": str(words), "language": LANGUAGE_NAMES[language]}
    return make_prompt(name, given, most_tokens=tokens_for(words, language))


def _cited_by(passages: Sequence[Passage], sources: Mapping[str, Source]) -> dict[str, Source]:
    """Return the sources of the passages by key, in the passages' order."""
    return {passage.source_key: sources[passage.source_key] for passage in passages}
