"""What can go wrong in research."""

from collections.abc import Sequence
from datetime import date

from tesigo.kit.errors import Unavailable
from tesigo.manuscript import Source


class SourcesUnavailable(Unavailable):
    """A search does not answer, or refuses for now: the others serve, the same query may work later."""

    code = "sources_unavailable"


class OnlyAnEarlierAnswer(SourcesUnavailable):
    """A search does not answer now, and here is what it answered to the same query on an earlier day.

    sources: best match first. answered_on: when they were true.
    """

    def __init__(self, failure: SourcesUnavailable, sources: Sequence[Source], answered_on: date) -> None:
        super().__init__(failure.message)
        self.retry_after_s = failure.retry_after_s
        self.sources = tuple(sources)
        self.answered_on = answered_on
