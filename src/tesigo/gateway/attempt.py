"""One attempt at one model: its turn, its budget, its time limits, and what it used.

An attempt takes a turn from the governor, has the most that it can use set aside, passes the breaker, and listens to
the answer. However it ends, also when it is cancelled, what it used is accounted for.
"""

import asyncio
import time
import uuid
from contextlib import aclosing
from dataclasses import dataclass, field

from tesigo.gateway.breaker import Breaker
from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.errors import AttemptFailed, ProviderFails, RateLimited, Trouble
from tesigo.gateway.estimates import estimated_usage, most_usage
from tesigo.gateway.governor import Governor
from tesigo.gateway.measurements import ModelMeasured, Tally
from tesigo.gateway.ports import Account, Call, Ended, Finish, Opened, Outcome, Piece, Prompt, Provider, Usage
from tesigo.kit.clock import Timer

_IMPLAUSIBLE = 100_000_000
"""Tokens that no model reads and writes in one call: a hundred times what the largest does."""


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
        most = most_usage(prompt, self.model)
        account = payer.account
        call = Call(uuid.uuid4(), payer.product, self.model.full_name, prompt.name, most)
        async with self._governor.turn(payer.job, most.tokens):
            await account.reserve(call)
            began_s, answer, is_settled = time.monotonic(), Answer(), False
            try:
                with self._breaker.passing():
                    await self._listen(prompt, answer)
                is_settled = True
                usage = _plausible(answer.usage) or estimated_usage(prompt, answer.text)
                return answer, Spending(account, call, usage, time.monotonic() - began_s)
            except AttemptFailed as failed:
                is_settled = not _is_billed(answer, failed)
                if is_settled:
                    await account.release(call)
                raise
            finally:
                if not is_settled:
                    usage = _plausible(answer.usage) or estimated_usage(prompt, answer.text)
                    account.spend(call, usage, Outcome.WASTED, took_s=time.monotonic() - began_s)

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
        """Give no more turns."""
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
            raise ProviderFails(f"{self.model.full_name} answered nothing", Trouble.EMPTY)
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


def _plausible(told: Usage | None) -> Usage | None:
    """Return what a provider says that a call used, None for what no call can use."""
    return told if told is not None and told.tokens < _IMPLAUSIBLE else None


def _is_billed(answer: Answer, failed: AttemptFailed) -> bool:
    """Return whether the provider worked for it, or may have: it was silent, or what it said cannot be read."""
    return answer.is_open or failed.trouble in (Trouble.TIMED_OUT, Trouble.MALFORMED)
