"""Records asked for by their schema, and read from what a model answers."""

import re

import pytest
from pydantic import BaseModel, Field

from tesigo.gateway.errors import UnusableReply
from tesigo.gateway.structured import structured


class Part(BaseModel):
    title: str
    pages: int = 1


class Book(BaseModel):
    name: str
    parts: list[Part] = Field(default_factory=list)


SCHEMA, READ = structured(Book)


def test_the_schema_asks_for_every_field_and_no_other() -> None:
    assert SCHEMA["required"] == ["name", "parts"]
    assert SCHEMA["additionalProperties"] is False
    part = SCHEMA["$defs"]["Part"]
    assert part["required"] == list(part["properties"]) == ["title", "pages"]
    assert part["properties"]["pages"] == {"type": "integer"}
    assert "title" not in SCHEMA


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Soil", "parts": [{"title": "Walls"}]}',
        ' \n```json\n{"name": "Soil", "parts": [{"title": "Walls", "more": 1}]}\n``` \n',
        '```\r\n{"name": "Soil", "parts": [{"title": "Walls"}]}```',
    ],
)
def test_a_record_is_read_bare_or_in_a_fence(text: str) -> None:
    assert READ(text) == Book(name="Soil", parts=[Part(title="Walls")])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('Here it is: {"name": "Soil"}', "no JSON"),
        ('{"name": "Soil", "parts": [', "no JSON"),
        ("", "no JSON"),
        ('["Soil"]', "the whole"),
        ('{"parts": [{"pages": "many"}]}', r"name: Field required; parts\.0\.title: .*; parts\.0\.pages:"),
    ],
)
def test_what_is_wrong_comes_back_as_a_reason_and_is_never_quoted(text: str, reason: str) -> None:
    with pytest.raises(UnusableReply) as told:
        READ(text)
    assert re.search(reason, told.value.reason)
    assert "Soil" not in told.value.reason
    assert "many" not in told.value.reason
