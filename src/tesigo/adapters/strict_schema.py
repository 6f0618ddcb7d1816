"""JSON schemas in the form in which providers hold models to them."""

from collections.abc import Mapping, Set
from typing import Any

_OF_SCHEMAS_BY_NAME = frozenset({"properties", "$defs", "definitions"})
_OF_VALUES = frozenset({"enum", "const", "required", "examples"})


def make_strict(schema: Mapping[str, Any], *, without: Set[str] = frozenset()) -> dict[str, Any]:
    """Return the schema with objects that have all of their properties, and no others.

    Both providers want it so; what may be left out has to be allowed to be null by the schema itself.
    without: keywords that a provider refuses; what they say is left to whoever reads the answer.
    From: both providers' pages "Structured outputs", by way of google/adk-java#1476 (OpenAI) and LangSchema 0.7.1 at
    hex.pm (Anthropic), read 2026-11-30.
    """
    strict = {key: _walk(key, value, without) for key, value in schema.items() if key not in without}
    if "properties" in strict or strict.get("type") == "object":
        strict["additionalProperties"] = False
        strict["required"] = list(strict.setdefault("properties", {}))
    return strict


def _walk(key: str, value: Any, without: Set[str]) -> Any:
    if key in _OF_VALUES:
        return value
    if key in _OF_SCHEMAS_BY_NAME:
        return {name: make_strict(schema, without=without) for name, schema in value.items()}
    if isinstance(value, Mapping):
        return make_strict(value, without=without)
    if isinstance(value, list):
        return [_walk("", item, without) for item in value]
    return value
