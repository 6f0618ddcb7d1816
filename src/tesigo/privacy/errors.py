"""What can stand in the way of a user's export."""

from tesigo.kit.errors import LimitReached, Unavailable

_AGAIN_AFTER_S = 15.0


class ExportRunning(LimitReached):
    """The user's data are being put together or sent already: each user has one export at a time."""

    code = "export_running"

    def __init__(self) -> None:
        super().__init__(
            "Your data are being put together or sent already: wait until that has ended, then ask again.",
            retry_after_s=_AGAIN_AFTER_S,
        )


class ExportsBusy(Unavailable):
    """The exports of others have taken all places for longer than anybody waits for one."""

    code = "exports_busy"
    retry_after_s = 60.0

    def __init__(self) -> None:
        super().__init__("Others are taking their data along just now: please try again in a minute.")
