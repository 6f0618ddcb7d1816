"""How far a job is, in per cent, and how early a waiting one is served."""

from datetime import UTC, datetime

from tesigo.writing.stages import Stage

_REACHED = {
    Stage.BRIEF: 1,
    Stage.RESEARCH: 3,
    Stage.OUTLINE: 8,
    Stage.SECTIONS: 15,
    Stage.CHECK: 92,
    Stage.ASSEMBLE: 96,
}
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_PAGE_S = 20
_PREMIUM_S = 4_500  # more than the 200 pages of the longest document count


def progress_at(stage: Stage) -> int:
    """Return the per cent that are reached when this stage begins."""
    return _REACHED[stage]


def progress_of_sections(done: int, total: int) -> int:
    """Return the per cent that are reached when so many of the sections are written."""
    first, last = _REACHED[Stage.SECTIONS], _REACHED[Stage.CHECK]
    return first + (last - first) * done // max(total, 1)


def priority_of(pages: int, *, is_premium: bool, now: datetime) -> int:
    """Return the priority of a job, higher first: minus its virtual deadline in seconds of an epoch of ours.

    Of jobs that come together the shorter document goes first, and premium before the rest; one that waits
    is overtaken only by those within their head start, so that nobody waits for ever. Fits 32 bits to 2094.
    """
    deadline = (now - _EPOCH).total_seconds() + pages * _PAGE_S - (_PREMIUM_S if is_premium else 0)
    return -round(deadline)
