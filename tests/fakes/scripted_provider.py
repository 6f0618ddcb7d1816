"""A provider at the port whose answers are written down in advance, and an account that remembers."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

from tesigo.gateway.catalogue import ModelFacts
from tesigo.gateway.ports import Allowance, Call, Ended, Finish, Opened, Outcome, Piece, Prompt, Usage

Step = str | BaseException | Ended | Opened | Piece | asyncio.Event
"""What a call is answered with: a whole text, a failure, one event of the stream, or silence until an event is set."""


class ScriptedProvider:
    """Answers call after call from the script: an item is one step, or a list of them; then `otherwise` for ever.

    asked: (model, prompt) of each call. at_work, most_at_work: how many are answered now, and were at most.
    gate: when given, calls answer only once it is set.
    """

    def __init__(
        self,
        *script: Step | Sequence[Step],
        otherwise: Step = "An answer.",
        usage: Usage | None = None,
        allowance: Allowance | None = None,
        gate: asyncio.Event | None = None,
        choose: Callable[[ModelFacts], Step | None] = lambda _: None,
    ) -> None:
        self.asked: list[tuple[str, Prompt]] = []
        self.at_work = self.most_at_work = 0
        self._script = list(script)
        self._otherwise = otherwise
        self._usage = usage or Usage(100, 20)
        self._allowance = allowance or Allowance()
        self._gate = gate
        self._choose = choose

    async def stream(self, model: ModelFacts, prompt: Prompt) -> AsyncGenerator[Opened | Piece | Ended, None]:
        self.asked.append((model.full_name, prompt))
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            if self._gate is not None:
                await self._gate.wait()
            chosen = self._choose(model)
            item = chosen if chosen is not None else self._script.pop(0) if self._script else self._otherwise
            for step in item if isinstance(item, list) else [item]:
                async for event in self._events(step):
                    yield event
        finally:
            self.at_work -= 1

    async def _events(self, step: Step) -> AsyncGenerator[Opened | Piece | Ended, None]:
        if isinstance(step, BaseException):
            raise step
        if isinstance(step, asyncio.Event):
            await step.wait()
            return
        if not isinstance(step, str):
            yield step
            return
        yield Opened(self._allowance)
        half = len(step) // 2
        yield Piece(step[:half])
        await asyncio.sleep(0)
        yield Piece(step[half:])
        yield Ended(Finish.STOP, self._usage)


@dataclass
class RememberingAccount:
    """Implements `Account`. refuse: raised instead of a reservation. gate: reservations wait for it."""

    reserved: list[Call] = field(default_factory=list)
    spent: list[tuple[Call, Usage, Outcome]] = field(default_factory=list)
    released: list[Call] = field(default_factory=list)
    refuse: Exception | None = None
    gate: asyncio.Event | None = None

    async def reserve(self, call: Call) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.refuse is not None:
            raise self.refuse
        self.reserved.append(call)

    def spend(self, call: Call, usage: Usage, outcome: Outcome, *, took_s: float) -> None:  # noqa: ARG002 - the port's
        self.spent.append((call, usage, outcome))

    async def release(self, call: Call) -> None:
        self.released.append(call)

    @property
    def open(self) -> list[Call]:
        """The calls of which it was not told how they ended."""
        settled = {call.id for call, _, _ in self.spent} | {call.id for call in self.released}
        return [call for call in self.reserved if call.id not in settled]

    def tokens(self, outcome: Outcome) -> int:
        """Return the tokens of all calls with this outcome."""
        return sum(usage.tokens for _, usage, became in self.spent if became is outcome)
