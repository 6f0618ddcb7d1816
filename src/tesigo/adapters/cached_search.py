"""A search whose answers are kept for a while, and for longer should it be away."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tesigo.kit.clock import Clock
from tesigo.manuscript import Source
from tesigo.research.errors import OnlyAnEarlierAnswer, SourcesUnavailable
from tesigo.research.ports import SourceSearch

_FORM = 1
"""Of records and keys; another number leaves everything behind that was kept under this one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was kept. sources: best match first."""

    sources: tuple[Source, ...]
    answered_at: datetime


class KeptAnswers(Protocol):
    """Where answers are kept. Neither of these fails: what cannot be kept or found is not there."""

    async def find(self, key: str) -> Kept | None:
        """Return the answer of this key, whatever its age."""
        ...

    async def keep(self, key: str, sources: Sequence[Source], now: datetime) -> None:
        """Keep the answer in place of an earlier one."""
        ...


class CachedSearch:
    """Asks the search only for what it did not answer within `age`.

    Should it fail, an older answer is given with the failure.
    """

    def __init__(self, search: SourceSearch, answers: KeptAnswers, clock: Clock, *, age: timedelta) -> None:
        self._search = search
        self._answers = answers
        self._clock = clock
        self._age = age

    @property
    def name(self) -> str:
        """The name of the search."""
        return self._search.name

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return what the search answered lately or answers now.

        Raises OnlyAnEarlierAnswer when it does not answer and did once, else SourcesUnavailable.
        """
        key = key_of(self.name, query, limit)
        kept = await self._answers.find(key)
        if kept is not None and self._clock() - kept.answered_at < self._age:
            return list(kept.sources)
        try:
            found = await self._search.find_sources(query, limit=limit)
        except SourcesUnavailable as failure:
            if kept is None:
                raise
            raise OnlyAnEarlierAnswer(failure, kept.sources, kept.answered_at.date()) from None
        await self._answers.keep(key, found, self._clock())
        return found


def key_of(service: str, query: str, limit: int) -> str:
    """Return a key for the question, which does not tell the query; its case and spaces do not count."""
    plain = " ".join(unicodedata.normalize("NFKC", query).casefold().split())
    return hashlib.sha256(f"{_FORM}\n{service}\n{limit}\n{plain}".encode("utf-8", "replace")).hexdigest()
