"""A schema becomes one that providers hold a model to, and says no less to whoever reads it."""

from copy import deepcopy

from tesigo.adapters.strict_schema import make_strict

SCHEMA = {
    "title": "Outline",
    "type": "object",
    "properties": {
        "minimum": {"type": "integer", "minimum": 1, "default": 3},
        "kind": {"enum": ["a", "b"], "default": "a"},
        "parts": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/Part"}},
        "fixed": {"const": {"type": "object", "default": 3}},
        "note": {"anyOf": [{"type": "object", "properties": {"text": {"type": "string"}}}, {"type": "null"}]},
    },
    "required": ["kind"],
    "$defs": {"Part": {"properties": {"name": {"type": "string"}}}, "Empty": {"type": "object"}},
}


def test_every_object_has_all_of_its_properties_and_no_others():
    strict = make_strict(SCHEMA)
    assert strict["required"] == ["minimum", "kind", "parts", "fixed", "note"]
    inner = [strict["properties"]["note"]["anyOf"][0], strict["$defs"]["Part"], strict["$defs"]["Empty"]]
    assert [each["required"] for each in inner] == [["text"], ["name"], []]
    assert all(each["additionalProperties"] is False for each in [strict, *inner])
    assert "required" not in strict["properties"]["parts"]


def test_keywords_that_are_refused_are_left_out_and_properties_of_that_name_are_not():
    strict = make_strict(SCHEMA, without={"minimum", "minItems", "default"})
    assert strict["properties"]["minimum"] == {"type": "integer"}
    assert strict["properties"]["kind"] == {"enum": ["a", "b"]}
    assert strict["properties"]["parts"] == {"type": "array", "items": {"$ref": "#/$defs/Part"}}


def test_values_are_no_schemas():
    assert make_strict(SCHEMA, without={"default"})["properties"]["fixed"] == SCHEMA["properties"]["fixed"]


def test_the_schema_itself_stays_as_it_is():
    before = deepcopy(SCHEMA)
    make_strict(SCHEMA, without={"default"})
    assert before == SCHEMA
