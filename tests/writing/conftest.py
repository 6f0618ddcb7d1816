"""What tests of writing may ask for."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.writing.made import RecordingJournal, make_sources

from tesigo.manuscript import Source
from tesigo.manuscript.keys import issue_key


@pytest.fixture
def journal() -> RecordingJournal:
    return RecordingJournal()


@pytest.fixture(scope="session")
def farming() -> list[Source]:
    return make_sources()


@pytest.fixture(scope="session")
def real_sources(shared_data: Path) -> Callable[..., list[Source]]:
    """Return a function that loads one of the real collections: "papers", "full_texts", "clicked"."""
    files = {
        "papers": "corpus/acl_naacl2024_bea_tacl2023.csl.jsonl",
        "full_texts": "corpus/fulltext/metadata.csl.jsonl",
        "clicked": "retrieval/s2_search_clicks/corpus.csl.jsonl",
        "reviewed": "retrieval/review_software_engineering_2010/corpus.csl.jsonl.gz",
    }

    def load(*names: str) -> list[Source]:
        taken: set[str] = set()
        return [source for name in names for source in _read(shared_data / files[name], taken)]

    return load


def _read(path: Path, taken: set[str]) -> list[Source]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text("utf-8")
    sources = []
    for line in text.splitlines():
        csl = json.loads(line)
        body = path.parent / "md" / f"{csl['id']}.md"
        full_text = body.read_text("utf-8") if body.is_file() else ""
        abstract = csl.pop("abstract", "") or ""
        key = issue_key(csl, taken)
        taken.add(key)
        sources.append(Source(key, {**csl, "id": key}, abstract, full_text))
    return sources
