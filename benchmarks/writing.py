"""Measure what users wait for: writing 10, 50 and 200 pages, exporting the longest, starting the server.

Prints a table, and ends with 1 when a page of a long document costs more than a page of a short one: time may
not grow faster than the pages. Reads real papers from TESIGO_SHARED_DATA (default: ../shared/data).
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.source_files import find_files, read_files
from tesigo.export.formats import Format
from tesigo.export.rendering import count_pages, render
from tesigo.writing.brief import make_brief
from tesigo.writing.offline_composer import OfflineComposer
from tesigo.writing.pipeline import write_document

ROOT = Path(__file__).resolve().parent.parent
PAPERS = Path(os.environ.get("TESIGO_SHARED_DATA", ROOT.parent / "shared" / "data"))
TESIGO = (sys.executable, "-m", "tesigo.entry.cli")
TITLE = "Large language models in education"
ALLOWED_GROWTH = 1.15
READY = re.compile("is ready")


def main() -> int:
    """Run all measurements; return the exit code."""
    sources = [
        *sorted((PAPERS / "corpus").glob("*.csl.jsonl")),
        PAPERS / "corpus" / "fulltext" / "metadata.csl.jsonl",
        PAPERS / "corpus" / "fulltext" / "md",
        PAPERS / "retrieval" / "s2_search_clicks" / "corpus.csl.jsonl",
    ]
    if not all(path.exists() for path in sources):
        print(f"no real papers: {PAPERS} is absent; set TESIGO_SHARED_DATA")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        grown = measure_writing(sources, Path(folder))
        measure_starts(Path(folder))
    return 1 if grown else 0


def measure_writing(sources: list[Path], folder: Path) -> bool:
    """Print a row for each length; return whether the time a page grows with the pages."""
    print(
        f"{'asked':>6} {'pages':>6} {'words':>7} {'cited':>6} {'time s':>7} {'ms a page':>10} {'peak MiB':>9}"
    )
    a_page_s: dict[int, float] = {}
    for pages in (10, 50, 200):
        out = folder / f"{pages}.pdf"
        took_s, peak_mib, told = run_measured(
            "write", TITLE, "--pages", str(pages), "--source", *map(str, sources), "--out", str(out)
        )
        got = {name: re.search(rf"{name}: (.*)", told) for name in ("Pages", "Words", "Sources")}
        if not all(got.values()):
            raise SystemExit(f"no summary was printed:\n{told}")
        figures = {name: found[1] for name, found in got.items() if found}
        a_page_s[pages] = took_s / int(figures["Pages"])
        cited = figures["Sources"].rpartition(", ")[2].split()[0]
        print(
            f"{pages:>6} {figures['Pages']:>6} {figures['Words']:>7} {cited:>6} {took_s:>7.1f} "
            f"{1000 * a_page_s[pages]:>10.0f} {peak_mib:>9.0f}"
        )
    growth = a_page_s[200] / a_page_s[10]
    print(f"time a page at 200 pages ÷ at 10 pages: {growth:.2f} (at most {ALLOWED_GROWTH})")
    measure_export(sources)
    return growth > ALLOWED_GROWTH


def measure_export(sources: list[Path]) -> None:
    """Print what it costs to set 200 pages, as PDF and as DOCX."""
    read = asyncio.run(read_files(find_files(map(str, sources)), most_mib=50, on_file=lambda _file: None))
    bars = ProgressBars(Console(quiet=True))
    manuscript = asyncio.run(
        write_document(
            make_brief(TITLE, pages=200),
            composer=OfflineComposer(),
            own_sources=read.sources,
            searches=(),
            journal=bars,
            count_pages=count_pages,
            concurrency=4,
        )
    )
    for wanted in (Format.PDF, Format.DOCX):
        began = time.monotonic()
        size = len(render(manuscript, wanted))
        print(f"export of 200 pages as {wanted}: {time.monotonic() - began:.1f} s, {size / 1024:.0f} KiB")


def measure_starts(folder: Path) -> None:
    """Print how long `tesigo serve` takes until it answers, with a new data folder and with an old one."""
    for name in ("cold", "warm"):
        began = time.monotonic()
        environment = {**os.environ, "DATA_DIR": str(folder / "data")}
        server = subprocess.Popen(
            [*TESIGO, "serve", "--port", "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip
        assert server.stdout is not None
        for line in server.stdout:
            if READY.search(line):
                break
        print(f"{name} start: {time.monotonic() - began:.1f} s")
        server.terminate()
        server.wait(timeout=60)


def run_measured(*arguments: str) -> tuple[float, float, str]:
    """Run `tesigo`; return the seconds it took, the MiB of its largest process, and what it printed."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen([*TESIGO, *arguments], stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        took_s = time.monotonic() - began
        out.seek(0)
        told = out.read()
    if child.returncode:
        raise SystemExit(f"`tesigo {' '.join(arguments[:2])}` ended with {child.returncode}:\n{told}")
    return took_s, usage.ru_maxrss / 1024, told


if __name__ == "__main__":
    sys.exit(main())
