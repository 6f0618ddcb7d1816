"""The kinds of failure. Each package names its own facts under them; `problems` alone knows HTTP."""

from collections.abc import Mapping, Sequence


class Failure(Exception):
    """A fact that somebody can act on.

    message: a sentence for the user that says what to do next; never a path, a query or a secret.
    code: stable, snake_case; programs decide by it.
    extensions: what else a program needs to go on, by name; it stands in the answer beside the code.
    retry_after_s: when the same call may work, in seconds; None where nobody knows.
    """

    code = "failure"
    retry_after_s: float | None = None

    def __init__(
        self, message: str, *, code: str | None = None, extensions: Mapping[str, str | int] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = dict(extensions or {})
        if code is not None:
            self.code = code


class NotFound(Failure):
    """It is not there, or it is somebody else's: both answer the same."""

    code = "not_found"


class NotSignedIn(Failure):
    """Nobody is signed in, or the token is no longer good: sign in again."""

    code = "not_signed_in"


class Forbidden(Failure):
    """The user is known and may not do this."""

    code = "forbidden"


class Conflict(Failure):
    """It cannot be done in the present state: read the state anew, then decide."""

    code = "conflict"


class Invalid(Failure):
    """The input breaks a rule: mend it as the message says.

    fields: (where, what is wrong) for each broken rule, empty when the message says all.
    """

    code = "invalid"

    def __init__(
        self, message: str, *, code: str | None = None, fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message, code=code)
        self.fields = tuple(fields)


class TooLarge(Invalid):
    """More bytes, pages or items than the limit that the message names."""

    code = "too_large"


class UnsupportedKind(Invalid):
    """A file of a kind that cannot be read here: bring one of the kinds that the message names."""

    code = "unsupported_kind"


class Unusable(Invalid):
    """The request is as it should be, but what it brings cannot be used: bring another as the message says."""

    code = "unusable"


class LimitReached(Failure):
    """A limit is used up: try again after `retry_after_s`."""

    code = "limit_reached"
    retry_after_s: float

    def __init__(self, message: str, *, retry_after_s: float, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class Unavailable(Failure):
    """Something outside does not answer: the same call may work later."""

    code = "unavailable"


class HouseUnavailable(Unavailable):
    """A part of this installation is away or was stopped, and nothing follows from that: all is to be done again.

    Nobody goes on without that part, as without something outside that fails: what was made would lack it for ever.
    """

    code = "house_unavailable"
