"""A model's outline as it answers it, and the chapters that it comes to."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from pydantic import BaseModel, Field

from tesigo.gateway.errors import UnusableReply
from tesigo.manuscript import SectionKind
from tesigo.research.wording import REFERENCE_HEADING
from tesigo.writing.brief import LANGUAGES
from tesigo.writing.offline.wording import load_wording
from tesigo.writing.sentences import fold, likeness

_LONGEST_HEADING, _LONGEST_PURPOSE = 120, 400
_NUMBERING = re.compile(
    r"(?:(?:chapter|section|part|розділ|глава|capitolo|sezione|parte)\s+)?"
    r"(?:\d{1,2}(?:\.\d{1,2})+[.:)]?|\d{1,2}\s*[.:)–—-]|[IVX]{1,5}\s*[.:)])\s+",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[*_`#“”„«»\"]|^\s*[-+]\s")
_FRAME = (SectionKind.ABSTRACT, SectionKind.INTRODUCTION, SectionKind.CONCLUSION)


class SectionReply(BaseModel):
    """A section of a chapter, as a model proposes it."""

    heading: str
    purpose: str = ""
    sources: list[str] = Field(default_factory=list)


class ChapterReply(SectionReply):
    """A chapter, as a model proposes it."""

    sections: list[SectionReply] = Field(default_factory=list)


class OutlineReply(BaseModel):
    """What a model answers when it is asked for an outline."""

    chapters: list[ChapterReply]


@dataclass(frozen=True, slots=True)
class DraftChapter:
    """A chapter or, without sections of its own, a section; keys: of sources that we issued, each once."""

    heading: str
    purpose: str
    keys: tuple[str, ...]
    sections: tuple["DraftChapter", ...] = ()


def read_chapters(
    reply: OutlineReply, keys: Collection[str], *, language: str, wanted: int
) -> tuple[DraftChapter, ...]:
    """Return the chapters with known keys alone and headings that differ from each other and from the fixed ones.

    wanted: how many chapters were asked for. A chapter that doubles the introduction, the conclusion or the
    bibliography is left out. Raises UnusableReply when too little is left, when no key is known, or when two chapters
    have one heading.
    """
    chapters = [
        _draft(chapter, keys, [_draft(section, keys) for section in chapter.sections])
        for chapter in reply.chapters
    ]
    fixed = {likeness(load_wording(one).heading(kind)) for one in LANGUAGES for kind in _FRAME}
    kept = [one for one in chapters if likeness(one.heading) and not _is_fixed(one.heading, fixed)]
    if 2 * len(kept) < wanted or len(kept) > 2 * wanted:
        raise UnusableReply(
            f"It has {len(kept)} chapters, and {wanted} are wanted, without introduction, conclusion and bibliography."
        )
    if not any(_all_keys(kept)):
        raise UnusableReply(
            "None of its sources is in the list: use the keys of the list exactly as they stand there."
        )
    return _distinct(kept, {likeness(load_wording(language).heading(kind)) for kind in _FRAME})


def _draft(reply: SectionReply, keys: Collection[str], sections: Iterable[DraftChapter] = ()) -> DraftChapter:
    known = (key.strip().lstrip("[@").rstrip("]").lower() for key in reply.sources)
    return DraftChapter(
        _plain(_NUMBERING.sub("", fold(reply.heading)), _LONGEST_HEADING).rstrip(" .:;,"),
        _plain(reply.purpose, _LONGEST_PURPOSE),
        tuple(dict.fromkeys(key for key in known if key in keys)),
        tuple(section for section in sections if likeness(section.heading)),
    )


def _plain(text: str, most: int) -> str:
    printed = "".join(one for one in text if one.isprintable() or one.isspace())
    line = fold(_MARKUP.sub("", printed))
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0]


def _is_fixed(heading: str, fixed: Collection[str]) -> bool:
    return likeness(heading) in fixed or REFERENCE_HEADING.fullmatch(heading) is not None


def _all_keys(chapters: Iterable[DraftChapter]) -> Iterable[str]:
    for chapter in chapters:
        yield from chapter.keys
        yield from (key for section in chapter.sections for key in section.keys)


def _distinct(chapters: Iterable[DraftChapter], taken: set[str]) -> tuple[DraftChapter, ...]:
    """Return the chapters with the chapter's name behind a section's heading that is in use already."""
    found = list(chapters)
    used = set(taken)
    for chapter in found:
        if likeness(chapter.heading) in used:
            raise UnusableReply(
                f"Two chapters are called “{chapter.heading}”: give each a heading of its own."
            )
        used.add(likeness(chapter.heading))
    for place, chapter in enumerate(found):
        sections = []
        for section in chapter.sections:
            heading = section.heading
            if likeness(heading) in used:
                heading = f"{heading}: {chapter.heading}"
            if likeness(heading) in used:
                raise UnusableReply(
                    f"Two sections are called “{section.heading}”: give each a heading of its own."
                )
            used.add(likeness(heading))
            sections.append(replace(section, heading=heading))
        found[place] = replace(chapter, sections=tuple(sections))
    return tuple(found)
