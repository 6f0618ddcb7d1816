"""What becomes of each real upload: `python -m tests.intake.upload_table` prints it, and a test holds it.

Each file is read in a process of its own, whose folders for work are looked at afterwards, so that its time, its memory
and what it writes are its own.
"""

import csv
import multiprocessing
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tesigo.intake.errors import (
    BrokenFile,
    DangerousFile,
    EncryptedFile,
    MismatchedName,
    NoText,
    UnsupportedFile,
)
from tesigo.intake.reading import read_sources
from tesigo.kit.errors import Failure

MOST_S, MOST_MB = 10, 512
READABLE = {"pdf", "docx", "txt", "md"}
REFUSALS = {
    "valid no text": (NoText,),
    "broken": (BrokenFile, MismatchedName),
    "encrypted": (EncryptedFile,),
}
FOREIGN = (UnsupportedFile, DangerousFile, MismatchedName)
"""How files outside of what can be read are refused."""

DISAGREEMENTS = {
    "mozilla__pr6531_2.pdf": (
        EncryptedFile,
        "its password is empty for some readers; pdfium asks for one, and pypdf knows AES only with another package",
    ),
    "mozilla__issue9418.pdf": (None, "two readers give it up, pdfium mends it and finds its labels"),
    "pikepdf__cyclic-toc.pdf": (
        NoText,
        "only its table of contents is broken, which nobody here walks; its one page is whole and empty",
    ),
}
"""Where the manifest and the best reader at hand differ: how we refuse it (None: it is read), and why."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file. got: the code of the refusal, or how many characters were read.

    size_mb: the most memory of this process, above what it began with, or of a child. left: what it wrote and left.
    letters, letters_seen: letters and figures of the text here, and by the readers of the manifest.
    """

    file: str
    kind: str
    expected: str
    got: str
    message: str
    refusal: type[Failure] | None
    took_s: float
    size_mb: float
    left: tuple[str, ...]
    letters: int
    letters_seen: int

    @property
    def fits(self) -> bool:
        """Whether this is what the manifest says, or a disagreement that is known."""
        if self.file in DISAGREEMENTS:
            return self.refusal is DISAGREEMENTS[self.file][0]
        if self.kind not in READABLE:
            return self.refusal in (*FOREIGN, *REFUSALS.get(self.expected, ()))
        if self.expected == "valid text":
            return self.refusal is None
        return self.refusal in REFUSALS[self.expected]


def measure_uploads(folder: Path) -> list[Outcome]:
    """Return the outcome of each file of the manifest, in its order."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tesigo.intake.reading"])
    work = [
        (folder / "files" / row["file"], row["kind"], row["expected"], int(row["letters_seen"] or 0))
        for row in rows
    ]
    with context.Pool(2, maxtasksperchild=1) as pool:
        return pool.starmap(_measure, work, chunksize=1)


def _measure(file: Path, kind: str, expected: str, letters_seen: int) -> Outcome:
    data = file.read_bytes()
    refusal: type[Failure] | None = None
    letters = 0
    with TemporaryDirectory() as place:
        os.environ["TMPDIR"] = place
        os.chdir(place)
        began_mb, began_s = _most_mb(resource.RUSAGE_SELF), time.monotonic()
        try:
            (source,) = read_sources(file.name, data).sources
            letters = sum(map(str.isalnum, source.full_text))
            got, message = f"{len(source.full_text):,} characters", ""
        except Failure as failure:
            refusal, got, message = type(failure), failure.code, failure.message
        took_s = time.monotonic() - began_s
        grown_mb = _most_mb(resource.RUSAGE_SELF) - began_mb
        left = tuple(sorted(os.listdir(place)))  # noqa: PTH208 - names are enough
        os.chdir("/")
    size_mb = max(grown_mb, _most_mb(resource.RUSAGE_CHILDREN))
    return Outcome(
        *(file.name, kind, expected, got, message, refusal, took_s, size_mb, left),
        letters=letters,
        letters_seen=letters_seen,
    )


def _most_mb(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


def print_table(outcomes: list[Outcome]) -> None:
    """Print a line for each file and one for all."""
    for one in outcomes:
        sign = " " if one.fits else "!"
        known = f"  ({DISAGREEMENTS[one.file][1]})" if one.file in DISAGREEMENTS else ""
        name = one.file if len(one.file) <= 48 else f"{one.file[:47]}…"
        measured = f"{one.took_s:5.2f} s {one.size_mb:4.0f} MB"
        print(f"{sign} {name:48} {one.kind:5} {one.expected:14} {one.got:18} {measured}{known}")
    fitting = sum(one.fits for one in outcomes)
    slowest, largest = max(one.took_s for one in outcomes), max(one.size_mb for one in outcomes)
    print(
        f"{fitting} of {len(outcomes)} as expected; the slowest took {slowest:.2f} s, the largest {largest:.0f} MB"
    )


def main() -> None:
    """Print the table; end with 1 when something is not as expected."""
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("TESIGO_SHARED_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        sys.exit(f"no real inputs: {data} is absent; set TESIGO_SHARED_DATA")
    outcomes = measure_uploads(data / "uploads")
    print_table(outcomes)
    sys.exit(not all(one.fits for one in outcomes))


if __name__ == "__main__":
    main()
