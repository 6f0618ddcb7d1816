"""How far a job is, in per cent."""

from tesigo.writing.stages import Stage

_REACHED = {
    Stage.BRIEF: 1,
    Stage.RESEARCH: 3,
    Stage.OUTLINE: 8,
    Stage.SECTIONS: 15,
    Stage.CHECK: 92,
    Stage.ASSEMBLE: 96,
}


def progress_at(stage: Stage) -> int:
    """Return the per cent that are reached when this stage begins."""
    return _REACHED[stage]


def progress_of_sections(done: int, total: int) -> int:
    """Return the per cent that are reached when so many of the sections are written."""
    first, last = _REACHED[Stage.SECTIONS], _REACHED[Stage.CHECK]
    return first + (last - first) * done // max(total, 1)
