"""A model behind the port that composers know: its answers come from a list or a function."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tesigo.gateway.errors import NoModelAnswers, UnusableReply
from tesigo.gateway.ports import Message, Prompt, Reply, Value

Answer = Callable[[Prompt], str]


class FakeChatModel:
    """Answers as it is told, reads as the gateway does: a reason is told once, then no model answers.

    asked: each prompt that was answered, with what it was for. reasons: why answers could not be used.
    """

    def __init__(self, answers: Answer | Sequence[str], *, name: str = "fake:author") -> None:
        self._answers = answers if callable(answers) else iter(answers)
        self.name = name
        self.asked: list[tuple[str, Prompt]] = []
        self.reasons: list[str] = []

    async def ask(self, prompt: Prompt, read: Callable[[str], Value], *, product: str) -> Reply[Value]:
        for _ in range(2):
            self.asked.append((product, prompt))
            text = self._answers(prompt) if callable(self._answers) else next(self._answers)
            try:
                return Reply(read(text), self.name)
            except UnusableReply as unusable:
                self.reasons.append(unusable.reason)
                told = (Message("assistant", text), Message("user", unusable.reason))
                prompt = replace(prompt, messages=(*prompt.messages, *told))
        raise NoModelAnswers(f"no usable answer: {self.reasons[-1]}", retry_after_s=1)
