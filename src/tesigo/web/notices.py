"""Sentences for the next page: what was done, what could not be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from tesigo.kit.settings import Settings
from tesigo.web.browser_memory import forget, recall, remember

NoticeKind = Literal["done", "warning"]
_NAME = "notices"
_LIFETIME_S = 300
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence. warning: something is left to do."""

    kind: NoticeKind
    text: str


def leave_notices(response: Response, notices: Iterable[Notice], *, more: str, settings: Settings) -> None:
    """Have the browser's next page show these; when they are too many, the first of them and then `more`."""
    told = [[notice.kind, notice.text[:_LONGEST_TEXT]] for notice in notices]
    for kept in range(len(told), -1, -1):
        cut = told[:kept] + ([["warning", more]] if kept < len(told) else [])
        if cut and remember(response, _NAME, cut, lifetime_s=_LIFETIME_S, settings=settings):
            return


def take_notices(request: Request, response: Response, *, settings: Settings) -> None:
    """Make the browser forget the notices that `read_notices` gives to the page."""
    if recall(request, _NAME, settings=settings) is not None:
        forget(response, _NAME, settings=settings)


def read_notices(request: Request, *, settings: Settings) -> list[Notice]:
    """Return the notices that the last page left; whatever is no notice is left out."""
    kept = recall(request, _NAME, settings=settings)
    found = []
    for item in kept if isinstance(kept, list) else []:
        match item:
            case ["done" | "warning" as kind, str(text)]:
                found.append(Notice("done" if kind == "done" else "warning", text))
            case _:
                continue
    return found
