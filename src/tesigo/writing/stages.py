"""The stages of a document's way, in their order."""

from enum import StrEnum


class Stage(StrEnum):
    """A stage that a user sees in progress; the values are stable names."""

    BRIEF = "brief"
    RESEARCH = "research"
    OUTLINE = "outline"
    SECTIONS = "sections"
    CHECK = "check"
    ASSEMBLE = "assemble"
