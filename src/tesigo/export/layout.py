"""The composed document → pages: Typst lays them out in a confined child, as a PDF or only to count."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tesigo.export.composition import REFERENCES_ANCHOR, Composition
from tesigo.export.errors import FontsMissing
from tesigo.export.norms import LINE_EM
from tesigo.export.pandoc import run_pandoc
from tesigo.export.tree import Node
from tesigo.export.typst_text import literal_words
from tesigo.kit.confined import Limits, run_confined

_ROOM = Path(str(files("tesigo.export")))
_FONTS = _ROOM / "fonts"
_LIMITS = Limits(time_s=120, cpu_s=180, memory_mib=4_000, file_mib=256)
REFERENCE_DIGIT_EM = 0.5
"""The width of a digit or bracket before an entry of the bibliography."""

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things stand on the pages.

    heading_pages: the printed page number of each of the composition's sections, in their order.
    pages: how many, the last one counted by the part of its height that is used.
    """

    heading_pages: tuple[int, ...]
    pages: float


def set_pdf(composition: Composition) -> bytes:
    """Return the document as a tagged PDF, the same bytes for the same document."""
    with TemporaryDirectory(prefix="tesigo-layout-") as name:
        folder = Path(name)
        dated = composition.manuscript.dated
        moment = datetime(dated.year, dated.month, dated.day, tzinfo=UTC) if dated else _EARLIEST
        _run_typst(composition, folder, timestamp=str(int(moment.timestamp())))
        return (folder / "thesis.pdf").read_bytes()


def lay_out(composition: Composition) -> Layout:
    """Return where headings and the end stand, without making a PDF."""
    with TemporaryDirectory(prefix="tesigo-layout-") as name:
        folder = Path(name)
        _run_typst(composition, folder, timestamp="-")
        found = json.loads((folder / "layout.json").read_text("utf-8"))
    norm = composition.norm
    used = (found["end_mm"] - norm.top_mm) / norm.text_mm[1]
    return Layout(
        heading_pages=tuple(heading["page"] for heading in found["headings"]),
        pages=found["page"] - 1 + min(max(used, 0.01), 1.0),
    )


def _run_typst(composition: Composition, folder: Path, *, timestamp: str) -> None:
    if not any(_FONTS.glob("*.ttf")):
        raise FontsMissing
    document = composition.document(literal_words(list(_typst_blocks(composition))))
    body = run_pandoc(
        ["-f", "json", "-t", "typst-citations-smart", "--wrap=none"],
        folder=folder,
        stdin=json.dumps(document).encode(),
    )
    (folder / "body.typ").write_bytes(b'#import "thesis.typ": *\n#show: thesis\n\n' + body)
    (folder / "settings.json").write_text(json.dumps(_settings(composition), ensure_ascii=False), "utf-8")
    shutil.copy(_ROOM / "thesis.typ", folder / "thesis.typ")
    worker = [sys.executable, "-I", str(_ROOM / "typst_worker.py"), str(_FONTS), timestamp]
    run_confined(worker, cwd=folder, limits=_LIMITS, environment={"RAYON_NUM_THREADS": "2"})


def _typst_blocks(composition: Composition) -> Iterator[Node]:
    if composition.abstract is not None:
        yield _raw("#abstract[")
        yield from composition.abstract.blocks
        yield _raw("]")
    yield _raw("#contents")
    for section in composition.sections:
        yield section.heading_node
        yield from section.blocks
        if section.anchor == REFERENCES_ANCHOR:
            for reference in composition.references:
                yield _raw(f'#reference("ref-{reference.key}", {json.dumps(reference.label)})[')
                yield {"t": "Plain", "c": reference.inlines}
                yield _raw("]")


def _raw(code: str) -> Node:
    return {"t": "RawBlock", "c": ["typst", code]}


def _settings(composition: Composition) -> dict[str, Any]:
    manuscript, norm, words = composition.manuscript, composition.norm, composition.words
    language, _, region = manuscript.language.partition("-")
    dated = manuscript.dated
    return {
        **asdict(norm),
        "line_em": LINE_EM,
        "title": manuscript.title,
        "author": manuscript.author,
        "language": language.lower(),
        "region": region.upper() if len(region) == 2 else None,
        "date": [dated.year, dated.month, dated.day] if dated else None,
        "date_line": composition.date_line,
        "abstract_title": composition.abstract.heading if composition.abstract else "",
        "contents_title": words.contents,
        "chapters_on_new_page": norm.starts_chapters_on_new_page(manuscript.pages),
        "references_on_new_page": norm.starts_references_on_new_page(manuscript.pages),
        "shares_front_page": norm.shares_front_page(manuscript.pages),
        "reference_number_em": composition.reference_number_length * REFERENCE_DIGIT_EM + 0.6,
    }
