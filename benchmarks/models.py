"""Measure what a document costs beyond its model: one that takes 0.3 s to its first token, then 60 tokens a second.

The model is the tests' own server on loopback. The floor is an ideal order of the same calls, each as long as the
server took for it: the outline, then all sections at once, then introduction, conclusion and abstract at once. Prints a
table, and ends with 1 when the writing takes more than ALLOWED times its floor, or a word costs more than MOST_TOKENS.
Reads real papers from TESIGO_SHARED_DATA (default: ../shared/data). Run: `python -m benchmarks.models`.
"""

import asyncio
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from tests.fakes.model_server import ModelServer
from tests.integration.model_houses import author
from tests.servers import answering

from tesigo.adapters.openai_models import OpenAiModels
from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.source_files import find_files, read_files
from tesigo.export.rendering import count_pages
from tesigo.gateway.catalogue import load_catalogue
from tesigo.gateway.gateway import Gateway
from tesigo.gateway.run_account import RunAccount
from tesigo.kit.log import configure_logs
from tesigo.manuscript import Source
from tesigo.writing.brief import make_brief
from tesigo.writing.composers import Composers
from tesigo.writing.pipeline import write_document

PAPERS = Path(os.environ.get("TESIGO_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
TITLE = "Large language models in education"
FIRST_TOKEN_S, TOKENS_A_SECOND = 0.3, 60
PAGES = (10, 30)
CONCURRENCY = 64
ALLOWED = 2.0
"""Sections wait twice for a count of pages, so that the document gets its length: three waves instead of one."""
MOST_TOKENS = 10.0
_SUMMARIES = ("introduction", "conclusion", "abstract")


@dataclass(frozen=True)
class Written:
    """What came out, and what it took. tokens: prompts and answers; floor_s: of an ideal order of its calls."""

    words: int
    took_s: float
    floor_s: float
    tokens: int
    peak: int


async def main() -> int:
    """Write the documents one after the other; return the exit code."""
    configure_logs(json=False, level="WARNING")
    papers = sorted((PAPERS / "corpus").glob("*.csl.jsonl"))
    if not papers:
        print(f"no real papers: {PAPERS} is absent; set TESIGO_SHARED_DATA")
        return 0
    read = await read_files(find_files(map(str, papers)), most_mib=50, on_file=lambda _file: None)
    began_mib = _peak_mib()
    print(
        f"{'pages':>6} {'words':>7} {'time s':>7} {'floor s':>8} {'÷':>6} {'tokens a word':>14} {'at once':>8}"
    )
    is_good = True
    for pages in PAGES:
        got = await write(pages, read.sources)
        ratio, each = got.took_s / got.floor_s, got.tokens / got.words
        is_good = is_good and ratio <= ALLOWED and each <= MOST_TOKENS
        print(
            f"{pages:>6} {got.words:>7} {got.took_s:>7.1f} {got.floor_s:>8.1f} {ratio:>6.2f} {each:>14.1f} "
            f"{got.peak:>8}"
        )
    print(f"memory above the start: {_peak_mib() - began_mib:.0f} MiB (the fake model's included)")
    return 0 if is_good else 1


async def write(pages: int, sources: tuple[Source, ...]) -> Written:
    """Write one document, and look at what the server saw of it."""
    server = author(first_token_s=FIRST_TOKEN_S, tokens_a_second=TOKENS_A_SECOND)
    account = RunAccount(None)
    async with answering(server) as address:
        provider = OpenAiModels(f"{address}/v1")
        composers = Composers(Gateway({"openai": provider}, load_catalogue()), default="openai:made")
        began_s = time.monotonic()
        manuscript = await write_document(
            make_brief(TITLE, pages=pages),
            composer=composers.choose(None, account=account, job="bench"),
            own_sources=sources,
            searches=(),
            journal=ProgressBars(Console(quiet=True)),
            count_pages=count_pages,
            concurrency=CONCURRENCY,
        )
        took_s = time.monotonic() - began_s
        await provider.aclose()
    return Written(manuscript.words, took_s, _floor_s(server), account.tokens_used, server.peak)


def _floor_s(server: ModelServer) -> float:
    """Return the time of the outline, the longest section and the longest summary, one after the other."""
    by_step: dict[str, float] = {}
    for call in server.calls:
        step = "outline" if call.asked.schema else "summary" if _is_summary(call.asked.system) else "section"
        by_step[step] = max(by_step.get(step, 0.0), call.took_s)
    return sum(by_step.values())


def _is_summary(asked: str) -> bool:
    return any(f"the {name} of" in asked for name in _SUMMARIES)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
