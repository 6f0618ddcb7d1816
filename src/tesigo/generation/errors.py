"""What can be wrong about a job, as facts."""

from tesigo.kit.errors import Conflict, Failure, NotFound


class JobNotFound(NotFound):
    """There is no such job, or it is somebody else's."""

    def __init__(self) -> None:
        super().__init__("There is no such job.")


class JobRuns(Conflict):
    """A document has one job at a time."""

    code = "job_runs"

    def __init__(self) -> None:
        super().__init__(
            "This document is being written already: follow that job, or wait until it has ended."
        )


class AlreadyWritten(Conflict):
    """A finished text is not written over."""

    code = "already_written"

    def __init__(
        self, message: str = "This document is written already: create another one to write it anew."
    ) -> None:
        super().__init__(message)


class TextIsEdited(AlreadyWritten):
    """Its user has taken the text over: nothing is planned any more, and what they wrote is not written over."""

    def __init__(self) -> None:
        super().__init__(
            "You have edited this text as a whole, so nothing is left that was planned: "
            "go on editing it, or create another document to have it written anew."
        )


class JobEnded(Conflict):
    """What has ended cannot be cancelled."""

    code = "job_ended"

    def __init__(self) -> None:
        super().__init__("This job has ended already: there is nothing left to cancel.")


class NothingToResume(Conflict):
    """No job was ever started for the document."""

    code = "nothing_to_resume"

    def __init__(self) -> None:
        super().__init__("The writing of this document has never been started: start it first.")


class JobTakenOver(Failure):
    """Another worker has the job now, or its document is gone: whoever meets this writes nothing more."""

    code = "job_taken_over"
