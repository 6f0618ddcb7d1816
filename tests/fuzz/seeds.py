"""What mutations begin with: real uploads and references where they are at hand, and small files of our own."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.houses import ABSTRACTS
from tests.intake.test_documents import make_docx
from tests.pdfs import make_pdf

LARGEST = 300_000
"""Larger files only make a run slow: what is broken about them is broken about smaller ones."""

_CUTS = {"jsonl": (b"\n", 12), "bib": (b"\n@", 12), "ris": (b"\nER  -", 8)}


@dataclass(frozen=True, slots=True)
class Seed:
    """A whole file."""

    name: str
    data: bytes

    @property
    def family(self) -> str:
        """What its mutations have in common: pdf, zip, references, or other."""
        ending = self.name.rpartition(".")[2]
        if self.data.startswith(b"%PDF"):
            return "pdf"
        if self.data.startswith(b"PK"):
            return "zip"
        is_list = ending in ("bib", "ris", "nbib", "jsonl", "json")
        return "references" if is_list else "other"


def gather_seeds(data: Path) -> dict[str, list[Seed]]:
    """Return the seeds of each family, always in the same order.

    data: the folder of real inputs, which may be absent.
    """
    found: dict[str, list[Seed]] = {}
    for seed in (*_own(), *_real(data)):
        if 0 < len(seed.data) <= LARGEST:
            found.setdefault(seed.family, []).append(seed)
    return found


def _own() -> Iterator[Seed]:
    lines = ["Bees find the clover of a meadow by its smell.", "They come back when it rains."]
    yield Seed("own.pdf", make_pdf([(18, "How bees find their way"), (12, "Anna Rossi"), *lines], lines))
    yield Seed(
        "own.docx", make_docx(("Title", "Bees"), ("Heading1", "Way"), *(("Normal", one) for one in lines))
    )
    yield Seed(
        "own.bib",
        b"@string{j={J. Bees}}\n@article{a, title={Bees {\\'e}}, author={R, A and B, C}, year=2020}\n",
    )
    yield Seed(
        "own.ris", b"TY  - JOUR\nTI  - Bees\nAU  - Rossi, A.\nPY  - 2019/05/03/\nAB  - They smell.\nER  - \n"
    )
    yield Seed("own.nbib", b"PMID- 123\nTI  - Bees\nFAU - Rossi, Anna\nDP  - 2019 May 3\nAB  - They smell.\n")
    yield Seed("own.json", json.dumps(ABSTRACTS).encode())
    yield Seed("own.md", "---\ntitle: Бджоли\nauthor: Анна\ndate: 2020\n---\n\n# Шлях\n\nТекст.\n".encode())
    yield Seed("own.txt", ("Як бджоли знаходять шлях.\n" * 5).encode("cp1251"))


def _real(data: Path) -> Iterator[Seed]:
    corpus = (file for file in data.glob("corpus/*.*") if file.suffix in (".bib", ".ris", ".jsonl"))
    for file in sorted([*data.glob("uploads/files/*"), *data.glob("reference_files/files/*"), *corpus]):
        content = file.read_bytes()
        if file.parent.name == "corpus":
            mark, count = _CUTS[file.suffix[1:]]
            content = mark.join(content.split(mark)[:count]) + mark[:1]
        yield Seed(file.name, content)
