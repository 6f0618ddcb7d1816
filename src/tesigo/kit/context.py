"""Whose work this is: the ids of request, user, document and job, carried along by context variables.

A task inherits them and changes only its own copy, so that what one user's work logs or records is never
attributed to another's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_about: ContextVar[dict[str, str | int]] = ContextVar("about", default={})  # noqa: B039 - never mutated


@contextmanager
def working_on(**ids: str | int) -> Iterator[None]:
    """Add ids (`request_id`, `user_id`, `document_id`, `job_id`) to the context while the block runs."""
    token = _about.set({**_about.get(), **ids})
    try:
        yield
    finally:
        _about.reset(token)


def note(**ids: str | int) -> None:
    """Add ids for the rest of the current task; for what becomes known in the middle of a request."""
    _about.set({**_about.get(), **ids})


def current() -> dict[str, Any]:
    """Return the ids that are known here."""
    return dict(_about.get())
