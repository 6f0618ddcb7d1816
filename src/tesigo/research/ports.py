"""What research needs from outside."""

from typing import Protocol

from tesigo.manuscript import Source

LIBRARY = "library"
"""The name of the search in this installation's own library, which people filled; all others are outside."""


class SourceSearch(Protocol):
    """A place that finds sources: a scholarly index, the web, the local library."""

    @property
    def name(self) -> str:
        """How it is called in warnings and in `Source.found_by`."""
        ...

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return at most `limit` sources, best match first.

        Their keys need not be unique among several searches.
        Raises SourcesUnavailable when it does not answer: the same query may work later. OnlyAnEarlierAnswer is one
        that has an answer all the same.
        """
        ...
