"""Which of the sources at hand a document is written from, before an outline says what each is for."""

from collections.abc import Sequence

from tesigo.research.evidence import Evidence
from tesigo.writing.brief import Brief
from tesigo.writing.errors import NoUsableSource
from tesigo.writing.evidence_blocks import Candidate, few_own, relevant_candidates, share_out
from tesigo.writing.length import words_per_source

_QUOTED_SHARE = 0.5
_ROOM = 2.4
_DOUBTFUL = 0.4
_ROOM_FOR_DOUBT = 1.9
_MOST_SOURCES = 300


def usable_candidates(brief: Brief, evidence: Evidence, *, words: int) -> list[Candidate]:
    """Return the sources for a document of so many words with what may be quoted of each, best first.

    Own sources are all among them when they are few. Raises NoUsableSource when nothing at hand serves the title.
    """
    relevant = relevant_candidates(brief.title, evidence, pages=brief.pages)
    own = sum(one.source.found_by == "upload" for one in evidence.sources)
    every = sum(one.source.found_by == "upload" for one in relevant) if own <= few_own(brief.pages) else 0
    candidates = share_out(choose_sources(relevant, words, pages=brief.pages, fewest=every), words)
    if not candidates:
        raise NoUsableSource(
            f"None of the {len(evidence.sources)} sources at hand has text that can be quoted for "
            f"“{brief.title}”: add papers as PDF, DOCX or text, or records with abstracts, on this subject."
        )
    return candidates


def choose_sources(
    candidates: Sequence[Candidate], words: int, *, pages: int, fewest: int = 0
) -> list[Candidate]:
    """Return the best of them: as many as so many words of body need, with room to choose passages from.

    About two or three for a page when they are there.
    fewest: so many of the first are taken in any case.
    """
    chosen: list[Candidate] = []
    quoted = 0
    enough = max(6, min(_MOST_SOURCES, round(words / words_per_source(pages))))
    for candidate in candidates:
        room = _ROOM if candidate.relevance >= _DOUBTFUL else _ROOM_FOR_DOUBT
        is_enough = len(chosen) >= enough or candidate.relevance < _DOUBTFUL
        if len(chosen) >= fewest and is_enough and quoted >= room * _QUOTED_SHARE * words:
            break
        chosen.append(candidate)
        quoted += min(candidate.words, max(300, words // 4))
    return chosen
