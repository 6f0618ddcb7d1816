"""Answers that are records: the JSON schema that a model is given for a type, and the reader of what it answers."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tesigo.gateway.errors import UnusableReply

Record = TypeVar("Record", bound=BaseModel)

_FENCE = re.compile(r"\s*```(?:json)?[ \t]*\r?\n(.*?)\s*```\s*", re.DOTALL | re.IGNORECASE)
_NAMED_TROUBLES = 3


def structured(kind: type[Record]) -> tuple[Mapping[str, Any], Callable[[str], Record]]:
    """Return the schema of a type, for `Prompt.schema`, and the reader of answers that follow it.

    The schema asks for every field and forbids others, as providers demand that enforce schemas; the reader is as
    lenient as the type, and takes JSON in a ```json fence too. It raises UnusableReply, whose reason names the
    first places that are wrong.
    """

    def read(text: str) -> Record:
        fenced = _FENCE.fullmatch(text)
        try:
            return kind.model_validate_json(fenced[1] if fenced else text)
        except ValidationError as error:
            raise UnusableReply(_reason(error)) from error

    return _strict(kind.model_json_schema()), read


def _reason(error: ValidationError) -> str:
    """Return what is wrong, place by place, without quoting the answer."""
    troubles = error.errors(include_url=False, include_context=False, include_input=False)
    if troubles[0]["type"] == "json_invalid":
        return f"It is no JSON ({troubles[0]['msg']}): answer with one JSON object that follows the schema alone."
    named = [
        f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in troubles[:_NAMED_TROUBLES]
    ]
    return f"It does not follow the schema. {'; '.join(named)}."


def _strict(schema: Any) -> Any:
    """Return the schema with all fields required and no others allowed, without titles and defaults."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {
        name: _strict(value)
        for name, value in schema.items()
        if not (name in {"title", "default"} and not isinstance(value, dict))
    }
    if isinstance(strict.get("properties"), dict):
        strict |= {"required": list(strict["properties"]), "additionalProperties": False}
    return strict
