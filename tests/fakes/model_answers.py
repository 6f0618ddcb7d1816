"""What a fake model is asked, and what it answers when a test does not say: plausible words, or JSON that fits."""

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tesigo.gateway.ports import Message

BYTES_A_TOKEN = 4
_SENTENCES = (
    "Several studies of {a} point in the same direction, although they differ in method and in size.",
    "What is known about {a} rests on a small number of observations, most of them recent.",
    "The relation between {a} and {b} is closer than it seems at first.",
    "Where {a} was measured directly, the effect on {b} turned out to be moderate and stable.",
    "Critics object that {b} can be explained without any reference to {a}.",
    "In practice, {a} depends on conditions that are seldom reported together with {b}.",
    "It follows that {b} should be described before {a} is compared across groups.",
    "A second line of work treats {a} as a consequence of {b}, and not as its cause.",
)
_SUBJECTS = (
    "peer feedback", "working memory", "local government", "soil moisture", "reading fluency", "energy storage",
    "public trust", "migration", "language contact", "crop rotation", "school leadership", "urban transport",
)  # fmt: skip


def count_tokens(text: str) -> int:
    """Return how many tokens the fake counts in a text: a quarter of its bytes."""
    return len(text.encode()) // BYTES_A_TOKEN


@dataclass(frozen=True)
class Asked:
    """One call, read from either protocol ("openai" or "anthropic"). body, headers: as they came."""

    protocol: str
    model: str
    system: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None
    most_tokens: int
    is_streamed: bool
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def text(self) -> str:
        """Return the whole prompt."""
        return "\n".join([self.system, *(message.text for message in self.messages)])

    @property
    def prompt_tokens(self) -> int:
        """Return the tokens of the whole prompt."""
        return count_tokens(self.text)


def plausible_answer(asked: Asked) -> str:
    """Return what the fake answers by itself: the same for the same prompt, and another for another."""
    dice = random.Random(hashlib.sha256(asked.text.encode()).digest())
    if asked.schema is not None:
        return json.dumps(make_instance(asked.schema, dice), ensure_ascii=False)
    return " ".join(_sentence(dice) for _ in range(dice.randint(5, 9)))


def make_instance(schema: Mapping[str, Any], dice: random.Random) -> Any:
    """Return a value that fits the schema, as far as schemas of prompts go: no patterns, nothing recursive."""
    return _instance(schema, schema, dice)


def cut_to(text: str, tokens: int) -> str:
    """Return as much of the text as so many tokens are."""
    return text.encode()[: tokens * BYTES_A_TOKEN].decode(errors="ignore")


def _instance(schema: Mapping[str, Any], root: Mapping[str, Any], dice: random.Random) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return _instance({**root.get("$defs", {}), **root.get("definitions", {})}[name], root, dice)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return dice.choice(schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _instance(schema[several][0], root, dice)
    return _of_type(schema, root, dice)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any], dice: random.Random) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: _instance(of, root, dice) for name, of in schema.get("properties", {}).items()}
    if kind == "array":
        fewest, most = schema.get("minItems", 2), schema.get("maxItems", 3)
        count = dice.randint(min(fewest, most), max(fewest, min(most, fewest + 1)))
        return [_instance(schema.get("items", {}), root, dice) for _ in range(count)]
    if kind in ("integer", "number"):
        least = schema.get("minimum", 1)
        return dice.randint(int(least), int(schema.get("maximum", least + 9)))
    if kind == "boolean":
        return dice.random() < 0.5
    return None if kind == "null" else _string(schema, dice)


def _string(schema: Mapping[str, Any], dice: random.Random) -> str:
    text = _sentence(dice)
    while len(text) < schema.get("minLength", 0):
        text += " " + _sentence(dice)
    return text[: schema.get("maxLength", len(text))]


def _sentence(dice: random.Random) -> str:
    first, second = dice.sample(_SUBJECTS, 2)
    return dice.choice(_SENTENCES).format(a=first, b=second)
