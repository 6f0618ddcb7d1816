"""Full texts that come beside a list of references are given to their records."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from tesigo.intake.reading import Reading
from tesigo.manuscript import Source

_WORD = re.compile(r"[^\W_]+")


def pair_full_texts(readings: Sequence[tuple[str, Reading]]) -> tuple[Source, ...]:
    """Return the sources of several files, in their order, a full text being joined to its record.

    readings: (the file's name, what it gave). A text belongs to the record whose id in its file is the name's
    stem (`smith2021.md`), else to the one that has its title. The record's key and fields stay.
    """
    records = [source for _, reading in readings for source in reading.sources if not source.full_text]
    by_id = {source.csl.get("custom", {}).get("file_id"): source.key for source in reversed(records)}
    by_title = {_normalised(source.title): source.key for source in reversed(records)}
    texts: dict[str, Source] = {}
    joined: set[str] = set()
    for name, reading in readings:
        for source in reading.sources:
            key = by_id.get(_stem(name)) or by_title.get(_normalised(source.title))
            if source.full_text and key and key not in texts:
                texts[key] = source
                joined.add(source.key)
    return tuple(
        _with_text_of(texts[source.key], source) if source.key in texts else source
        for _, reading in readings
        for source in reading.sources
        if source.key not in joined
    )


def _with_text_of(text: Source, record: Source) -> Source:
    return replace(record, full_text=text.full_text, page_starts=text.page_starts, first_page=text.first_page)


def _stem(name: str) -> str:
    last = re.split(r"[/\\]", name)[-1]
    return last.rpartition(".")[0] or last


def _normalised(title: str) -> str:
    decomposed = unicodedata.normalize("NFKD", title.casefold())
    return " ".join(_WORD.findall("".join(sign for sign in decomposed if not unicodedata.combining(sign))))
