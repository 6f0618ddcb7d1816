"""What was understood of a university's rules, and what is proposed by it, in the reader's words."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from tesigo.documents.proposals import Proposal, propose_settings
from tesigo.export.norms import load_norm
from tesigo.intake.requirements.reading import understand_requirements
from tesigo.intake.requirements.values import SIDES, Margins, Range, Requirements
from tesigo.web.words import Words
from tesigo.writing.brief import Brief

COMMON_STYLES = {
    "apa": "APA 7",
    "chicago": "Chicago 18",
    "dstu": "ДСТУ 8302:2015",
    "harvard": "Harvard",
    "ieee": "IEEE",
    "mla": "MLA 9",
    "vancouver": "Vancouver",
    "nature": "Nature",
    "american-medical-association": "AMA",
    "american-sociological-association": "ASA",
}
"""What the form suggests; any other name of a CSL style is taken too."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of the table: what it is about, the value, and the sentence that it came from."""

    name: str
    value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A setting to take over. value: as it is shown; broken: what it does not keep, "" for nothing."""

    setting: str
    name: str
    value: str
    sentence: str
    broken: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What a page shows of the rules."""

    facts: tuple[Fact, ...]
    suggestions: tuple[Suggestion, ...]
    proposals: tuple[Proposal, ...]


async def understand(brief: Brief, words: Words) -> Understood:
    """Return what the brief's requirements ask and what is proposed by it.

    They are read in a thread: a long text takes a second.
    """
    asked = await asyncio.to_thread(understand_requirements, brief.requirements)
    proposals = propose_settings(asked, brief)
    return Understood(
        tuple(_facts(asked, words)), tuple(_suggestion(one, words) for one in proposals), proposals
    )


def _facts(asked: Requirements, words: Words) -> Iterator[Fact]:
    for name, demand in asked.understood():
        yield Fact(words(f"asked.{name}"), _shown(demand.value, words), demand.sentence)


def _suggestion(proposal: Proposal, words: Words) -> Suggestion:
    value = str(proposal.value)
    if proposal.setting == "norm":
        value = words.find(f"norms.{value}") or load_norm(value).title
    elif proposal.setting == "language":
        value = words(f"languages.{value}")
    elif proposal.setting == "citation_style":
        value = COMMON_STYLES.get(value, value)
    broken = ", ".join(words(f"asked.{fact}") for fact in proposal.broken)
    return Suggestion(
        proposal.setting, words(f"rules_settings.{proposal.setting}"), value, proposal.sentence, broken
    )


def _shown(value: object, words: Words) -> str:
    """Return a value as a person reads it: "at least 20", "12 to 15", "left 30, right 15"."""
    if isinstance(value, bool):
        return words("rules.yes") if value else words("rules.no")
    if isinstance(value, Range):
        return _range(value, words)
    if isinstance(value, Margins):
        sides = [(side, at) for side in SIDES if isinstance(at := getattr(value, side), Range)]
        return ", ".join(" ".join((words(f"rules_sides.{side}"), _range(at, words))) for side, at in sides)
    if isinstance(value, dict):
        return "; ".join(
            f"{_said(part, words)}: {tense}" if part else str(tense) for part, tense in value.items()
        )
    if isinstance(value, tuple):
        return ", ".join(_said(str(one), words) for one in value)
    return _said(str(value), words)


def _said(value: str, words: Words) -> str:
    """Return what the reader's language calls it, where it has a word for it."""
    return (
        words.find(f"rules_values.{value.lower().replace(' ', '_')}")
        or words.find(f"languages.{value}")
        or value
    )


def _range(numbers: Range, words: Words) -> str:
    least, most = (None if bound is None else f"{bound:,.10g}" for bound in (numbers.least, numbers.most))
    if least is not None and most is not None:
        return least if least == most else words("rules.between", least=least, most=most)
    return words("rules.at_least", least=least) if least is not None else words("rules.at_most", most=most)
