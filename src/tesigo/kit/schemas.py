"""What all requests and answers share: strict models, storable text, pages of a list with a cursor."""

import base64
import binascii
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from tesigo.kit.errors import Invalid

LARGEST_ID = 2**53 - 1
"""The largest whole number that every reader of JSON keeps exactly. From: RFC 8259, section 6, read 2026-11-23."""

_Item = TypeVar("_Item")


def _is_storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half of a surrogate pair") from None
    return text


def _is_no_stand_in(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("must be a number")  # noqa: TRY004 - what Pydantic collects
    return value


IS_STORABLE = AfterValidator(_is_storable)
"""Makes a text field refuse what PostgreSQL cannot keep; it stands behind the limits of length."""

IS_NUMBER = BeforeValidator(_is_no_stand_in)
"""Makes a number in a body refuse true, false and text, which Pydantic would read as numbers."""

RowId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An integer id in a path."""


class RequestModel(BaseModel):
    """A body that is refused when it has a field that we do not know."""

    model_config = ConfigDict(extra="forbid")


class AnswerModel(BaseModel):
    """A body that is read from a value or a row."""

    model_config = ConfigDict(from_attributes=True)


class ListAnswer(BaseModel, Generic[_Item]):
    """A page of a list. next_cursor: give it as `cursor` for the next page; null on the last."""

    items: list[_Item]
    next_cursor: str | None = None


def encode_cursor(last_id: int) -> str:
    """Return the cursor that continues after this id."""
    return base64.urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *, largest: int = LARGEST_ID) -> int | None:
    """Return the id to continue after. Raises Invalid for a cursor that we never gave out.

    largest: what the column takes that it is compared with.
    """
    if cursor is None:
        return None
    try:
        last_id = int(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        last_id = -1
    if not 0 < last_id <= largest:
        raise Invalid("This cursor is not one of ours: start again without it.", code="invalid_cursor")
    return last_id
