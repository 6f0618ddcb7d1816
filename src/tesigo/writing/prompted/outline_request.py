"""What a model is asked for an outline, and what of its answer is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from tesigo.gateway.ports import Prompt
from tesigo.gateway.structured import structured
from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.evidence_blocks import Candidate, cut_blocks
from tesigo.writing.length import chapter_count, section_words
from tesigo.writing.offline.outline_frame import body_words
from tesigo.writing.prompted.material import LISTED_SOURCES, show_sources
from tesigo.writing.prompted.outline_reply import DraftChapter, OutlineReply, read_chapters
from tesigo.writing.prompted.prompts import LANGUAGE_NAMES, make_prompt, one_line, tokens_for
from tesigo.writing.source_choice import usable_candidates

_BLOCKS_PER_CHAPTER = 2
_MOST_SECTIONS = 7
_WORDS_PER_ENTRY = 45
_TOKENS_PER_KEY = 24
_REQUIREMENTS_CHARACTERS = 1_500


@dataclass(frozen=True, slots=True)
class OutlineRequest:
    """A prompt for an outline, with the reader of what the model answers. candidates: what it is to be made of."""

    prompt: Prompt
    candidates: tuple[Candidate, ...]
    read: Callable[[str], tuple[DraftChapter, ...]]


def ask_for_outline(brief: Brief, evidence: Evidence, *, words: int) -> OutlineRequest:
    """Return the request for an outline of so many words from what the evidence has for the title.

    Raises NoUsableSource when that is nothing.
    """
    candidates = tuple(usable_candidates(brief, evidence, words=words))
    chapters = min(chapter_count(brief.pages), max(1, len(cut_blocks(candidates)) // _BLOCKS_PER_CHAPTER))
    parts = min(round(body_words(brief, words) / chapters / section_words(brief.pages)), _MOST_SECTIONS)
    schema, parse = structured(OutlineReply)
    keys = frozenset(candidate.source.key for candidate in candidates)
    fields = {
        "title": one_line(brief.title),
        "requirements": one_line(brief.requirements[:_REQUIREMENTS_CHARACTERS]) or "none",
        "sources": show_sources(candidates),
        "chapters": f"{chapters} chapters" if chapters > 1 else "one chapter",
        "sections": _sections_wanted(parts),
        "language": LANGUAGE_NAMES[brief.language],
    }
    entries = chapters * (1 + (parts if parts > 1 else 0))
    most_tokens = tokens_for(_WORDS_PER_ENTRY * entries, brief.language) + _TOKENS_PER_KEY * LISTED_SOURCES
    return OutlineRequest(
        make_prompt("outline/1", fields, most_tokens=most_tokens, schema=schema),
        candidates,
        lambda text: read_chapters(parse(text), keys, language=brief.language, wanted=chapters),
    )


def _sections_wanted(parts: int) -> str:
    if parts < 2:
        return "No chapter has sections."
    return f"Divide each chapter into about {parts} sections, fewer where its sources say less."
