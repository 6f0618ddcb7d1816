"""Rows as records that people and programs read: a name and a value for each column."""

import json
import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import inspect

from tesigo.kit.db import Row


def as_record(row: Row, *, without: Collection[str] = ()) -> dict[str, Any]:
    """Return every column of the row by its name, but those left out: a new column comes along by itself."""
    return {
        column.key: getattr(row, column.key)
        for column in inspect(type(row)).column_attrs
        if column.key not in without
    }


def to_json(value: Any) -> str:
    """Return the value as JSON; times in RFC 3339, ids as text.

    Raises TypeError for what has no form in JSON.
    """
    return json.dumps(value, ensure_ascii=False, default=_in_words)


def _in_words(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
