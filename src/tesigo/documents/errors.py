"""What can be wrong about a document, as facts."""

from typing import Literal

from tesigo.kit.errors import Conflict, Invalid, NotFound, TooLarge


class DocumentNotFound(NotFound):
    """There is no such document, or it is somebody else's."""

    def __init__(self) -> None:
        super().__init__("There is no such document.")


class SourceNotFound(NotFound):
    """The document has no such source."""

    def __init__(self) -> None:
        super().__init__("This document has no such source.")


class SectionNotFound(NotFound):
    """The document has no section of that number."""

    def __init__(self) -> None:
        super().__init__("This document has no section of that number.")


class NothingWritten(Conflict):
    """There is no text yet that could be exported."""

    code = "nothing_written"

    def __init__(self) -> None:
        super().__init__("Nothing has been written yet: start the writing first, then export.")


class BeingWritten(Conflict):
    """A job writes this document now."""

    code = "being_written"

    def __init__(self) -> None:
        super().__init__("This document is being written: wait until that has ended.")


class SourceInUse(Conflict):
    """A source that the text cites cannot go."""

    code = "source_in_use"

    def __init__(self, key: str, times: int) -> None:
        super().__init__(
            f"The text cites {key} {times} times: take those citations out first, then remove the source."
        )


class QuotaReached(Conflict):
    """As much as may be kept is kept already: what to delete, the message says.

    quota: which of them; most: what it allows. The answer carries both.
    """

    code = "quota_reached"

    def __init__(
        self, message: str, *, quota: Literal["documents", "sources", "stored_mb"], most: int
    ) -> None:
        super().__init__(message, extensions={"quota": quota, "most": most})
        self.quota = quota
        self.most = most


class DraftNotFound(NotFound):
    """The document has no such draft: none was saved, or newer ones have taken its place."""

    code = "no_draft"


class DraftConflict(Conflict):
    """A draft was based on a version that is not the newest: what is there stays, and this one is not kept.

    latest: the version to go on from, 0 when nothing has been saved; the answer carries it as `latest_version`.
    """

    code = "draft_conflict"

    def __init__(self, based_on: int, latest: int) -> None:
        super().__init__(
            f"This text is based on version {based_on}, but the newest is version {latest}, which stays as it is: "
            f"read that one, bring both texts together, and save with based_on {latest}."
            if latest
            else f"This text is based on version {based_on}, but nothing has been saved yet: save with based_on 0.",
            extensions={"latest_version": latest},
        )


class RequirementsTooLong(TooLarge):
    """The requirements with the text of the file are longer than can be kept."""

    code = "requirements_too_long"

    def __init__(self, characters: int, most: int) -> None:
        super().__init__(
            f"With this file the requirements have {characters:,} characters; at most {most:,} are kept. "
            "Bring only the part that holds the rules."
        )


class InvalidContent(Invalid):
    """The edited text cannot be kept as it is."""

    code = "invalid_content"
