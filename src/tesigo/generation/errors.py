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

    def __init__(self) -> None:
        super().__init__("This document is written already: create another one to write it anew.")


class JobTakenOver(Failure):
    """Another worker has the job now, or its document is gone: whoever meets this writes nothing more."""

    code = "job_taken_over"
