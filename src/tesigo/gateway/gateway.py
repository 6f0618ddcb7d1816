"""A question to a model, answered whatever happens on the way.

How it all fits together, from the outside in:

    BoundModel.ask     a question goes to the model and then to its fallbacks, until one gives a usable answer
    Persistence.ask    one model is asked up to three times, with growing pauses; told to mend, told to go on
    Line.attempt       one try: a turn, a budget, the breaker, time limits, and an account of what it used
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from tesigo.gateway.attempt import Line, Payer, TimeLimits
from tesigo.gateway.breaker import Breaker
from tesigo.gateway.catalogue import Catalogue, ModelFacts
from tesigo.gateway.errors import (
    AttemptFailed,
    CallRefused,
    CutShort,
    EmptyReply,
    NoModelAnswers,
    NoUsableAnswer,
    UnusableReply,
)
from tesigo.gateway.governor import Governor
from tesigo.gateway.measurements import ModelMeasured
from tesigo.gateway.persistence import Persistence, RetryRules
from tesigo.gateway.ports import Account, Prompt, Provider, Reply, Value
from tesigo.kit.clock import SystemTimer, Timer
from tesigo.kit.errors import Failure, Invalid

_LASTING = (CallRefused, UnusableReply, EmptyReply, CutShort)
"""What the same call would probably meet again, so that waiting helps nobody."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GatewayRules:
    """What an installation decides about calls.

    breaker_failures: failures in a row that open a breaker, breaker_recovery_s: for how long.
    most_at_once: how many calls of one model run at once in a process, however much the provider bears.
    """

    retries: RetryRules = field(default_factory=RetryRules)
    times: TimeLimits = field(default_factory=TimeLimits)
    breaker_failures: int = 5
    breaker_recovery_s: float = 60
    most_at_once: int = 64


class ModelNotAvailable(Invalid):
    """No key is set for the provider of this model: choose one that the message names."""

    code = "model_not_available"


class Gateway:
    """The lines to all models, shared by the jobs of this process: breakers, limits of rate and counts."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        catalogue: Catalogue,
        rules: GatewayRules | None = None,
        *,
        timer: Timer | None = None,
        dice: random.Random | None = None,
    ) -> None:
        """Reach models through these providers, by name; models of others are not there."""
        self.catalogue = catalogue
        self._providers = providers
        self._rules = rules or GatewayRules()
        self._timer = timer or SystemTimer()
        self._dice = dice or random.Random()  # noqa: S311 - jitter is no secret
        self._lines: dict[str, Line] = {}

    def is_available(self, model: ModelFacts) -> bool:
        """Return whether the model's provider is set up here."""
        return model.provider in self._providers

    def require_available(self, model: ModelFacts) -> None:
        """Raise ModelNotAvailable when the model's provider is not set up here."""
        if not self.is_available(model):
            raise ModelNotAvailable(
                f"{model.full_name} cannot be used here: no key is set for {model.provider}."
            )

    def model(self, name: str, *, account: Account, job: str) -> "BoundModel":
        """Return the model of this name, with its fallbacks, for one job; `account` pays for its calls.

        Raises UnknownModel, ModelNotAvailable.
        """
        chain = self.catalogue.chain(name)
        self.require_available(chain[0])
        lines = [self._line(facts) for facts in chain if self.is_available(facts)]
        recovery_s = self._rules.breaker_recovery_s
        return BoundModel(lines, self._persistence(), account=account, job=job, recovery_s=recovery_s)

    def measured(self) -> list[ModelMeasured]:
        """Return what there is to be told of each model that was asked so far."""
        return [line.measured() for line in self._lines.values()]

    def close(self) -> None:
        """Set no alarms any more; who closes the providers is who made them."""
        for line in self._lines.values():
            line.close()

    def _line(self, facts: ModelFacts) -> Line:
        if facts.full_name not in self._lines:
            rules = self._rules
            self._lines[facts.full_name] = Line(
                facts,
                self._providers[facts.provider],
                breaker=Breaker(
                    facts.full_name,
                    failures=rules.breaker_failures,
                    recovery_s=rules.breaker_recovery_s,
                    now_s=self._timer.now_s,
                ),
                governor=Governor(
                    facts.full_name,
                    self._timer,
                    most_at_once=rules.most_at_once,
                    longest_wait_s=rules.retries.longest_wait_s,
                ),
                limits=rules.times,
                timer=self._timer,
            )
        return self._lines[facts.full_name]

    def _persistence(self) -> Persistence:
        return Persistence(self._rules.retries, self._timer, self._dice)


class BoundModel:
    """A model with its fallbacks, asked for one job; implements `ChatModel`."""

    def __init__(
        self,
        lines: Sequence[Line],
        persistence: Persistence,
        *,
        account: Account,
        job: str,
        recovery_s: float,
    ) -> None:
        self._lines = lines
        self._persistence = persistence
        self._account = account
        self._job = job
        self._recovery_s = recovery_s

    @property
    def name(self) -> str:
        """The first choice."""
        return self._lines[0].model.full_name

    async def ask(self, prompt: Prompt, read: Callable[[str], Value], *, product: str) -> Reply[Value]:
        """Return the first usable answer of the model or, in their order, of its fallbacks.

        Raises NoModelAnswers when they might answer later, NoUsableAnswer when they answered and it was of no use,
        CallRefused when none of them takes this call, TokenLimitReached.
        """
        payer = Payer(self._account, product, self._job)
        failures: list[AttemptFailed] = []
        for line in self._lines:
            try:
                return await self._persistence.ask(
                    line, prompt, read, payer=payer, is_last=line is self._lines[-1]
                )
            except AttemptFailed as failed:
                failures.append(failed)
                log.warning(
                    "model given up", model=line.model.full_name, trouble=failed.trouble, product=product
                )
        raise self._verdict(failures)

    def _verdict(self, failures: Sequence[AttemptFailed]) -> Failure:
        reasons = "; ".join(dict.fromkeys(failed.message for failed in failures))
        passing = [failed for failed in failures if not isinstance(failed, _LASTING)]
        if passing:
            waits_s = (
                self._recovery_s if failed.retry_after_s is None else failed.retry_after_s
                for failed in passing
            )
            return NoModelAnswers(
                f"No language model answers at the moment: {reasons}.", retry_after_s=max(1.0, min(waits_s))
            )
        if any(not isinstance(failed, CallRefused) for failed in failures):
            return NoUsableAnswer(f"The language models gave no answer that can be used: {reasons}.")
        return failures[0]
