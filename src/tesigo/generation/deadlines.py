"""How early a job that waits is served: the virtual deadline by which the queue is ordered."""

from datetime import UTC, datetime

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE_S = 20
_PREMIUM_S = 4_500  # more than the 200 pages of the longest document count


def priority_of(pages: int, *, is_premium: bool, now: datetime) -> int:
    """Return the priority of a job, higher first: minus its virtual deadline in seconds of an epoch of ours.

    Of jobs that come together the shorter document goes first, and premium before the rest; one that waits
    is overtaken only by those within their head start, so that nobody waits for ever. Fits 32 bits to 2094.
    """
    deadline = (now - _EPOCH).total_seconds() + pages * _PAGE_S - (_PREMIUM_S if is_premium else 0)
    return -round(deadline)
