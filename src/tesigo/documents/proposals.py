"""What a document's settings would be by the requirements of its university: proposed, never set unasked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tesigo.export.errors import UnknownStyle
from tesigo.export.norms import Norm, load_norm, norm_names
from tesigo.export.styles import find_style
from tesigo.intake.requirements.values import SIDES, Demand, Margins, Range, Requirements
from tesigo.writing.brief import FEWEST_PAGES, LANGUAGES, MOST_PAGES, Brief

Setting = Literal["norm", "citation_style", "language", "pages"]
_PAPERS = {"A4": "a4", "US Letter": "us-letter"}
_MM = 0.5
_FEWEST_FACTS = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """A setting's value that keeps what is asked, with the sentence that asks it.

    broken: the facts that a proposed norm does not keep either, by their names in `Requirements`.
    """

    setting: Setting
    value: str | int
    sentence: str
    broken: tuple[str, ...] = ()


def propose_settings(asked: Requirements, brief: Brief) -> tuple[Proposal, ...]:
    """Return a proposal for each setting of the brief that does not keep what is asked, where a value would."""
    made = (_norm(asked, brief), _style(asked, brief), _language(asked, brief), _pages(asked, brief))
    return tuple(filter(None, made))


def _norm(asked: Requirements, brief: Brief) -> Proposal | None:
    """Propose the norm that keeps most of what is asked of page and type, when it keeps more than the present one."""
    kept = {name: dict(_kept(asked, load_norm(name))) for name in norm_names()}
    best = max(kept, key=lambda name: _score(kept[name]))
    if _score(kept[best]) <= _score(kept.get(brief.norm, {})) or sum(kept[best].values()) < _FEWEST_FACTS:
        return None
    broken = tuple(fact for fact, is_kept in kept[best].items() if not is_kept)
    reason = next(fact for fact, is_kept in kept[best].items() if is_kept and not kept[brief.norm].get(fact))
    demand: Demand[object] = getattr(asked, reason)
    return Proposal("norm", best, demand.sentence, broken)


def _score(kept: dict[str, bool]) -> int:
    return sum(1 if is_kept else -1 for is_kept in kept.values())


def _kept(asked: Requirements, norm: Norm) -> Iterator[tuple[str, bool]]:
    """Yield (the fact, whether the norm keeps it) for each fact that norms have a value for."""
    if asked.paper and asked.paper.value in _PAPERS:
        yield "paper", norm.paper == _PAPERS[asked.paper.value]
    if asked.margins_mm:
        yield "margins_mm", _keeps_margins(asked.margins_mm.value, norm)
    if asked.size_pt:
        yield "size_pt", asked.size_pt.value.holds(norm.size_pt)
    if asked.line_spacing:
        yield "line_spacing", asked.line_spacing.value.holds(norm.line_spacing)
    if asked.indent_mm:
        yield "indent_mm", _is_about(norm.indent_mm, asked.indent_mm.value)
    if asked.is_justified:
        yield "is_justified", asked.is_justified.value == norm.is_justified
    if asked.page_number_at:
        yield "page_number_at", asked.page_number_at.value in norm.page_number_at


def _keeps_margins(margins: Margins, norm: Norm) -> bool:
    return all(
        _is_about(getattr(norm, f"{side}_mm"), wanted) for side in SIDES if (wanted := getattr(margins, side))
    )


def _is_about(length_mm: float, wanted: Range) -> bool:
    """Whether a length is what is asked, to half a millimetre: an inch is 25 mm to many."""
    return wanted.holds(length_mm) or wanted.holds(length_mm - _MM) or wanted.holds(length_mm + _MM)


def _style(asked: Requirements, brief: Brief) -> Proposal | None:
    if asked.citation_styles is None:
        return None
    known = {name: text for name in asked.citation_styles.value if (text := _style_text(name))}
    if not known or _style_text(brief.citation_style) in known.values():
        return None
    return Proposal("citation_style", next(iter(known)), asked.citation_styles.sentence)


def _style_text(name: str) -> str | None:
    try:
        return find_style(name)
    except UnknownStyle:
        return None


def _language(asked: Requirements, brief: Brief) -> Proposal | None:
    if asked.languages is None or brief.language in asked.languages.value:
        return None
    ours = next((language for language in asked.languages.value if language in LANGUAGES), None)
    return Proposal("language", ours, asked.languages.sentence) if ours else None


def _pages(asked: Requirements, brief: Brief) -> Proposal | None:
    """Propose the number of pages that is asked for and nearest to the present one."""
    if asked.pages is None or asked.pages.value.holds(brief.pages):
        return None
    wanted = asked.pages.value
    bound = wanted.least if wanted.least is not None and brief.pages < wanted.least else wanted.most
    pages = min(max(int(bound or brief.pages), FEWEST_PAGES), MOST_PAGES)
    return Proposal("pages", pages, asked.pages.sentence) if wanted.holds(pages) else None
