"""What can go wrong with a call of a model: for the gateway, which goes on, and for those who asked."""

from enum import StrEnum

from tesigo.kit.errors import Failure, LimitReached, Unavailable


class Trouble(StrEnum):
    """Why an attempt failed, in a word: stable, for logs and metrics."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    NOT_REACHED = "not_reached"
    TIMED_OUT = "timed_out"
    CUT_STREAM = "cut_stream"
    MALFORMED = "malformed"
    EMPTY = "empty"
    UNUSABLE = "unusable"
    CUT_SHORT = "cut_short"
    DECLINED = "declined"
    REFUSED = "refused"
    BREAKER_OPEN = "breaker_open"


class AttemptFailed(Failure):
    """One attempt gave no usable answer. The message names the fact, and never quotes key, prompt or answer.

    retry_after_s: what the provider asked to wait, None when it did not say.
    """

    code = "attempt_failed"

    def __init__(self, message: str, trouble: Trouble, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.retry_after_s = retry_after_s


class RateLimited(AttemptFailed):
    """The provider asks for fewer calls (429): the same call will pass later."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message, Trouble.RATE_LIMITED, retry_after_s=retry_after_s)


class ProviderFails(AttemptFailed):
    """The provider is not reached, fails (5xx), stays silent, or breaks off: the same call may pass later."""


class CallRefused(AttemptFailed):
    """The provider does not take this call (400, 401, 403, 404, …): the same call will never pass there."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Trouble.REFUSED)


class Declined(CallRefused):
    """The model, or a filter of its provider, would not answer this."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} declined to answer")
        self.trouble = Trouble.DECLINED


class EmptyReply(AttemptFailed):
    """The answer is whole, and nothing stands in it."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} answered nothing", Trouble.EMPTY)


class CutShort(AttemptFailed):
    """The answer did not come to its end. is_hopeless: although it was asked to go on again and again."""

    def __init__(self, model: str, *, is_hopeless: bool) -> None:
        super().__init__(f"{model} did not come to an end", Trouble.CUT_SHORT)
        self.is_hopeless = is_hopeless


class UnusableReply(AttemptFailed):
    """The answer is whole, and cannot be used. reason: for the model, so that it can mend its answer."""

    def __init__(self, reason: str) -> None:
        super().__init__("the answer cannot be used", Trouble.UNUSABLE)
        self.reason = reason


class WorkRests(Unavailable):
    """Only time stands in the way: the work rests, and goes on by itself after `retry_after_s`."""

    retry_after_s: float

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoModelAnswers(WorkRests):
    """Neither the model nor its fallbacks give an answer now."""

    code = "no_model_answers"


class TokensSetAside(WorkRests):
    """What is left of the day's tokens is set aside for calls that run: when they have ended, some of it is free."""

    code = "tokens_set_aside"


class NoUsableAnswer(Failure):
    """The models answered, and nothing of it could be used: asked again, they would probably answer the same."""

    code = "no_usable_answer"


class TokenLimitReached(LimitReached):
    """The budget of tokens is used up: the work pauses, and goes on from what is written after `retry_after_s`."""

    code = "token_limit_reached"
