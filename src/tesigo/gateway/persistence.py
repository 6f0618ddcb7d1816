"""One model, asked until it gives a usable answer: tried again after pauses, told to mend, told to go on."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog

from tesigo.gateway.attempt import Answer, Line, Payer, Spending
from tesigo.gateway.breaker import BreakerOpen
from tesigo.gateway.errors import AttemptFailed, CallRefused, CutShort, Declined, RateLimited, UnusableReply
from tesigo.gateway.estimates import estimated_usage, most_answer_tokens
from tesigo.gateway.measurements import ANSWERED
from tesigo.gateway.ports import Finish, Message, Outcome, Prompt, Reply, Value
from tesigo.kit.clock import Timer

log = structlog.get_logger(__name__)
texts_log = structlog.get_logger("tesigo.gateway.texts")

_LAST_WORD = re.compile(r"\S+$")
_GO_ON = "Your answer was cut off. Go on with the very next word; repeat nothing, and do not comment."
_MEND = "This answer cannot be used: {reason}. Give the whole answer again, with that mended, and no comment."


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often one model is asked, and after which pauses.

    delays_s: the pause after the first failure, the second, …; jitter: by up to this share a pause becomes longer.
    failures_per_model: then it is given up, for a fallback if there is one. Only a 429 of the last model of all is
    waited for longer, through all delays: a provider that asks for patience is alive.
    longest_wait_s: a provider that asks for a longer pause is given up at once, and the job rests meanwhile.
    continuations: how often an answer that was cut off is asked to go on.
    """

    delays_s: tuple[float, ...] = (2, 4, 8, 16, 32)
    jitter: float = 0.1
    failures_per_model: int = 3
    longest_wait_s: float = 60
    continuations: int = 4
    logs_texts: bool = False


@dataclass(slots=True)
class _Asked:
    """Where a question stands with one model.

    prompt: what is asked next. pieces: the answer so far, each piece with what it used. is_mended: the model was told
    once what is wrong with its answer.
    """

    prompt: Prompt
    failures: int = 0
    is_mended: bool = False
    pieces: list[tuple[str, Spending]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(text for text, _ in self.pieces)

    def go_on(self, prompt: Prompt) -> None:
        """Ask for the rest of an answer that was cut off, after its last whole word."""
        text, spending = self.pieces[-1]
        self.pieces[-1] = (_LAST_WORD.sub("", text) or text, spending)
        turns = (Message("assistant", self.text.rstrip()), Message("user", _GO_ON))
        self.prompt = replace(self.prompt, messages=(*prompt.messages, *turns))

    def start_anew(self, prompt: Prompt) -> None:
        """Give up what was answered so far, and ask this next."""
        self.settle(Outcome.WASTED)
        self.prompt = prompt

    def settle(self, outcome: Outcome) -> None:
        """Note what the pieces used, and forget them."""
        for _, spending in self.pieces:
            spending.settle(outcome)
        self.pieces.clear()


class Persistence:
    """Asks a line as often as the rules have it."""

    def __init__(self, rules: RetryRules, timer: Timer, dice: random.Random) -> None:
        self._rules = rules
        self._timer = timer
        self._dice = dice

    async def ask(
        self,
        line: Line,
        prompt: Prompt,
        read: Callable[[str], Value],
        *,
        payer: Payer,
        is_last: bool,
    ) -> Reply[Value]:
        """Return a usable answer of this model.

        is_last: there is no other model to turn to.
        Raises what the last attempt failed with: RateLimited, ProviderFails, CallRefused, UnusableReply, CutShort;
        TokenLimitReached.
        """
        _require_room(line, prompt)
        asked = _Asked(prompt)
        outcome = Outcome.WASTED
        try:
            while True:
                try:
                    value = await self._once(line, asked, prompt, read, payer)
                except AttemptFailed as failed:
                    asked.failures += 1
                    line.tally.add(failed.trouble)
                    await self._pause_or_give_up(line, failed, asked, payer, is_last=is_last)
                else:
                    line.tally.add(ANSWERED)
                    outcome = Outcome.USED
                    return Reply(value, line.model.full_name)
        finally:
            asked.settle(outcome)

    async def _once(
        self, line: Line, asked: _Asked, prompt: Prompt, read: Callable[[str], Value], payer: Payer
    ) -> Value:
        """Return the answer of one attempt; one that was cut off is gone on with, which is no failure."""
        while True:
            about = {"model": line.model.full_name, "product": payer.product, "prompt": asked.prompt.name}
            log.debug("model is asked", most_tokens=asked.prompt.most_tokens, **about)
            answer, spending = await line.attempt(asked.prompt, payer)
            log.info(
                "model answered",
                finish=answer.finish,
                prompt_tokens=spending.usage.prompt_tokens,
                completion_tokens=spending.usage.completion_tokens,
                took_s=round(spending.took_s, 2),
                **about,
            )
            self._log_texts(line, asked.prompt, answer)
            asked.pieces.append((answer.text, spending))
            if answer.finish is Finish.REFUSED:
                raise Declined(line.model.full_name)
            if answer.finish is not Finish.LENGTH:
                break
            is_hopeless = len(asked.pieces) > self._rules.continuations
            if prompt.schema or not answer.text.strip() or is_hopeless:
                asked.start_anew(_with_more_room(prompt, line, asked.prompt.most_tokens))
                raise CutShort(line.model.full_name, is_hopeless=is_hopeless)
            asked.go_on(prompt)
        try:
            return read(asked.text)
        except UnusableReply as unusable:
            asked.start_anew(
                prompt if asked.is_mended else _to_be_mended(prompt, asked.text, unusable.reason)
            )
            asked.is_mended = True
            raise

    async def _pause_or_give_up(
        self, line: Line, failed: AttemptFailed, asked: _Asked, payer: Payer, *, is_last: bool
    ) -> None:
        """Return when the model is to be asked again; raise the failure when it is not."""
        pause_s = self._pause_s(failed, asked.failures, is_last=is_last)
        log.info(
            "model call failed",
            model=line.model.full_name,
            product=payer.product,
            prompt=asked.prompt.name,
            trouble=failed.trouble,
            failures=asked.failures,
            again_in_s=None if pause_s is None else round(pause_s, 2),
        )
        if pause_s is None:
            raise failed
        if pause_s:
            await self._timer.sleep(pause_s)

    def _pause_s(self, failed: AttemptFailed, failures: int, *, is_last: bool) -> float | None:
        """Return for how long to wait before the next attempt, None when the model is given up."""
        rules = self._rules
        if isinstance(failed, CallRefused | BreakerOpen) or (
            isinstance(failed, CutShort) and failed.is_hopeless
        ):
            return None
        most = (
            len(rules.delays_s) + 1
            if is_last and isinstance(failed, RateLimited)
            else rules.failures_per_model
        )
        if failures >= most:
            return None
        if isinstance(failed, UnusableReply | CutShort):
            return 0.0
        asked_for_s = failed.retry_after_s or 0.0
        if asked_for_s > rules.longest_wait_s:
            return None
        delay_s = rules.delays_s[min(failures, len(rules.delays_s)) - 1]
        return max(delay_s * (1 + self._dice.uniform(0, rules.jitter)), asked_for_s)

    def _log_texts(self, line: Line, prompt: Prompt, answer: Answer) -> None:
        if self._rules.logs_texts:
            turns = [(message.role, message.text) for message in prompt.messages]
            texts_log.info(
                "model asked",
                model=line.model.full_name,
                system=prompt.system,
                messages=turns,
                answer=answer.text,
            )


def _require_room(line: Line, prompt: Prompt) -> None:
    """Refuse what the model cannot take in, before it is paid for."""
    needed = estimated_usage(prompt, "").prompt_tokens + most_answer_tokens(prompt, line.model)
    if needed > line.model.context_tokens:
        raise CallRefused(
            f"{line.model.full_name} takes {line.model.context_tokens:,} tokens, which is too few"
        )


def _with_more_room(prompt: Prompt, line: Line, room: int) -> Prompt:
    """Return the question with twice this room for its answer, as far as the model has it."""
    most = max(room, line.model.output_tokens - line.model.thinking_tokens)
    return replace(prompt, most_tokens=min(2 * room, most))


def _to_be_mended(prompt: Prompt, text: str, reason: str) -> Prompt:
    """Return the question with the unusable answer and what is wrong with it."""
    turns = (Message("assistant", text), Message("user", _MEND.format(reason=reason)))
    return replace(prompt, messages=(*prompt.messages, *turns))
