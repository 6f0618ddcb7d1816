"""One attempt at one model: its budget, its turn, its time limits, and what it used.

An attempt has the most that it can use set aside, takes a turn from the governor, passes the breaker, and listens to
the answer. However it ends, also when it is cancelled, what it used is accounted for.
"""

import asyncio
import time
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field

from tesigo.gateway.breaker import Breaker
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.errors import AttemptFailed, EmptyReply, ProviderFails, RateLimited, Trouble
from tesigo.gateway.estimates import estimated_usage, most_usage
from tesigo.gateway.governor import Governor
from tesigo.gateway.measurements import ModelMeasured, Tally
from tesigo.gateway.ports import Account, Call, Ended, Finish, Opened, Outcome, Piece, Prompt, Provider, Usage
from tesigo.kit.clock import Timer

_MOST_BELIEVED = 4
"""How many times the most that was reckoned with a provider may say that a call used."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long an answer may take, in seconds: until its first word or thought, and until its end."""

    first_token_s: float = 60
    total_s: float = 600


@dataclass(slots=True)
class Answer:
    """What was heard of an answer so far. is_open: the provider has begun to work, which is billed."""

    is_open: bool = False
    pieces: list[str] = field(default_factory=list, repr=False)
    finish: Finish | None = None
    usage: Usage | None = None

    @property
    def text(self) -> str:
        """The text, as far as it came."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Spending:
    """A call that was answered, with what it used: to be settled by who knows whether the answer served."""

    account: Account
    call: Call
    usage: Usage
    took_s: float

    def settle(self, outcome: Outcome) -> None:
        """Note it in the account."""
        self.account.spend(self.call, self.usage, outcome, took_s=self.took_s)


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose call it is. product: what it is for, as in `ChatModel.ask`; job: among which the turns are fair."""

    account: Account
    product: str
    job: str


class _Hearing:
    """What is heard of one call, and how it is accounted for: exactly once, however it ends."""

    def __init__(self, prompt: Prompt, call: Call, account: Account) -> None:
        self.answer = Answer()
        self._prompt = prompt
        self._call = call
        self._account = account
        self._began_s: float | None = None
        self._is_settled = False

    def begin(self) -> None:
        """Say that the call is made now."""
        self._began_s = time.monotonic()

    def spending(self) -> Spending:
        """Return what the call used, for whoever knows whether the answer served."""
        self._is_settled = True
        return Spending(self._account, self._call, self._used(), self._took_s())

    async def fail(self, failed: AttemptFailed) -> None:
        """Give back what was set aside, if the provider has not worked for the call."""
        if self._began_s is None or not _is_billed(self.answer, failed):
            self._is_settled = True
            await self._account.release(self._call)

    def end(self) -> None:
        """Note what was wasted, unless the call is settled; for a call that was cancelled too."""
        if not self._is_settled:
            used = Usage(0, 0) if self._began_s is None else self._used()
            self._account.spend(self._call, used, Outcome.WASTED, took_s=self._took_s())

    def _used(self) -> Usage:
        return _believed(self.answer.usage, self._call.most) or estimated_usage(
            self._prompt, self.answer.text
        )

    def _took_s(self) -> float:
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s


class Line:
    """The line to one model, shared by all jobs of this process."""

    def __init__(
        self,
        model: ModelFacts,
        provider: Provider,
        *,
        breaker: Breaker,
        governor: Governor,
        limits: TimeLimits,
        timer: Timer,
    ) -> None:
        self.model = model
        self._provider = provider
        self._breaker = breaker
        self._governor = governor
        self._limits = limits
        self._timer = timer
        self.tally = Tally()

    async def attempt(self, prompt: Prompt, payer: Payer) -> tuple[Answer, Spending]:
        """Return a whole answer, whatever it says, and what it used, which is still to be settled.

        Raises RateLimited, ProviderFails, CallRefused, BreakerOpen, TokenLimitReached.
        """
        self._breaker.require_passable()
        call = Call(
            uuid.uuid4(), payer.product, self.model.full_name, prompt.name, most_usage(prompt, self.model)
        )
        await payer.account.reserve(call)
        hearing = _Hearing(prompt, call, payer.account)
        try:
            async with self._governor.turn(payer.job, call.most.tokens):
                hearing.begin()
                with self._breaker.passing():
                    await self._listen(prompt, hearing.answer)
            return hearing.answer, hearing.spending()
        except AttemptFailed as failed:
            await hearing.fail(failed)
            raise
        finally:
            hearing.end()

    def measured(self) -> ModelMeasured:
        """Return what there is to be told of this line."""
        return ModelMeasured(
            model=self.model.full_name,
            breaker=self._breaker.state,
            window=self._governor.window,
            at_work=self._governor.at_work,
            attempts=self.tally.attempts,
        )

    def close(self) -> None:
        """Set no alarms any more."""
        self._governor.close()

    async def _listen(self, prompt: Prompt, answer: Answer) -> None:
        began_s = self._timer.now_s()
        try:
            await self._hear(prompt, answer)
        except TimeoutError:
            raise ProviderFails(f"{self.model.full_name} took too long", Trouble.TIMED_OUT) from None
        except RateLimited as limited:
            self._governor.rate_limited(began_s=began_s, retry_after_s=limited.retry_after_s)
            raise
        if answer.finish is Finish.STOP and not answer.text.strip():
            raise EmptyReply(self.model.full_name)
        self._governor.answered()

    async def _hear(self, prompt: Prompt, answer: Answer) -> None:
        stream = self._provider.stream(self.model, prompt)
        async with (
            asyncio.timeout(self._limits.total_s),
            asyncio.timeout(self._limits.first_token_s) as until_first,
            aclosing(stream),
        ):
            async for heard in stream:
                match heard:
                    case Opened(allowance):
                        answer.is_open = True
                        self._governor.heard(allowance)
                    case Piece(text):
                        until_first.reschedule(None)
                        answer.pieces.append(text)
                    case Ended(finish, usage):
                        answer.finish, answer.usage = finish, usage
        if answer.finish is None:
            raise ProviderFails(f"{self.model.full_name} broke off its answer", Trouble.CUT_STREAM)


def _believed(told: Usage | None, most: Usage) -> Usage | None:
    """Return what a provider says that a call used; where no call can use that, the most that it can."""
    if told is None or told.tokens <= _MOST_BELIEVED * most.tokens:
        return told
    return most


def _is_billed(answer: Answer, failed: AttemptFailed) -> bool:
    """Return whether the provider worked for it, or may have: it was silent, or what it said cannot be read."""
    return answer.is_open or failed.trouble in (Trouble.TIMED_OUT, Trouble.MALFORMED)
