"""What the gateway offers to those who compose, and what it needs from outside: providers, and an account."""

import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, Protocol, TypeVar

from tesigo.gateway.catalogue import ModelFacts

Value = TypeVar("Value")
"""What a reply is read as: a text, or a record."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, after the system's."""

    role: Literal["user", "assistant"]
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    name: which prompt of ours, with its version ("section/1").
    most_tokens: how long the answer may become; what a model thinks to itself beforehand is not counted in.
    schema: the JSON schema that the answer is to follow, None for plain text. A model may disregard it all the same.
    """

    name: str
    system: str = field(repr=False)
    messages: tuple[Message, ...]
    most_tokens: int
    schema: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call used. is_estimated: by us from the length of the texts, because the provider did not say."""

    prompt_tokens: int
    completion_tokens: int
    is_estimated: bool = False

    @property
    def tokens(self) -> int:
        """Both together: what limits are counted in."""
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Reply(Generic[Value]):
    """A whole answer, read and found usable. model: who gave it ("provider:model"), which may be a fallback."""

    value: Value
    model: str


class ChatModel(Protocol):
    """A model as composers know it: it answers, whatever happens on the way, or says why it cannot."""

    @property
    def name(self) -> str:
        """The first choice ("provider:model")."""
        ...

    async def ask(self, prompt: Prompt, read: Callable[[str], Value], *, product: str) -> Reply[Value]:
        """Return the answer as `read` makes it of the whole text.

        read: raises UnusableReply with a reason that the model is told once, to mend its answer by.
        product: what the call is for: the number of a section, or "outline"; its tokens are recorded with that.
        Raises NoModelAnswers when neither the model nor any of its fallbacks gave a usable answer, CallRefused when
        none of them takes such a call, TokenLimitReached before a call that would pass the limit.
        """
        ...


class Finish(StrEnum):
    """Why a model stopped. LENGTH: it was cut off. REFUSED: it, or a filter of its provider, would not answer."""

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the provider says of its limits with an answer; None for what it does not say.

    requests, tokens: a minute; …_left: of these, now.
    """

    requests: int | None = None
    requests_left: int | None = None
    tokens: int | None = None
    tokens_left: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The provider took the call and begins to answer."""

    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the answer, as it comes. text: "" while a model only thinks to itself."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is at its end. usage: None when the provider does not say."""

    finish: Finish
    usage: Usage | None


class Provider(Protocol):
    """A company or server that answers model calls; an adapter behind which its protocol is hidden."""

    def stream(self, model: ModelFacts, prompt: Prompt) -> AsyncGenerator[Opened | Piece | Ended, None]:
        """Yield `Opened` once, then pieces, then `Ended`; without `Ended`, the stream was cut.

        It is one attempt: nothing is tried again. Closing it closes the connection.
        Raises RateLimited, ProviderFails or CallRefused, whose messages quote neither key, prompt nor answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt at one model, as it is accounted for.

    product: as in `ChatModel.ask`. prompt: its name. most: the most that it can use, an upper bound.
    """

    id: uuid.UUID
    product: str
    model: str
    prompt: str
    most: Usage


class Outcome(StrEnum):
    """What became of tokens that were used. WASTED: on an answer that was cut, unusable, or came too late."""

    USED = "used"
    WASTED = "wasted"


class Account(Protocol):
    """Who pays: a run of a job, or a request. What it is told of survives a crash of this process."""

    async def reserve(self, call: Call) -> None:
        """Set aside the most that the call can use, so that calls at the same time cannot pass a limit together.

        While only what others have set aside stands in the way, it waits. Raises TokenLimitReached.
        """
        ...

    def spend(self, call: Call, usage: Usage, outcome: Outcome, *, took_s: float) -> None:
        """Note what the call really used, to be recorded with what it produced; it returns at once."""
        ...

    async def release(self, call: Call) -> None:
        """Give back what was set aside for a call that used nothing."""
        ...
