"""`tesigo write`: from a title and files to a finished document, without server or account."""

import asyncio
import contextlib
import math
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from tesigo.entry.migrating import migrate
from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.searches import open_searches
from tesigo.entry.source_files import find_files, read_files
from tesigo.entry.wiring import open_composers, open_house
from tesigo.export.formats import Format
from tesigo.export.norms import load_norm
from tesigo.export.rendering import count_pages, render
from tesigo.export.styles import find_style
from tesigo.gateway.run_account import RunAccount
from tesigo.kit.clock import system_clock
from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings
from tesigo.manuscript import Manuscript, Source
from tesigo.research.ports import LIBRARY, SourceSearch
from tesigo.writing.brief import Brief
from tesigo.writing.errors import NoUsableSource
from tesigo.writing.pipeline import write_document


@dataclass(frozen=True, slots=True)
class Summary:
    """What came out. pages: of the PDF. files: in the order in which they were asked for. tokens_used: by models."""

    manuscript: Manuscript
    pages: int
    found: int
    took_s: float
    files: tuple[Path, ...]
    tokens_used: int


async def write(
    brief: Brief,
    *,
    model: str | None,
    source_names: Sequence[str],
    with_library: bool,
    with_search: bool | None,
    out: Sequence[Path],
    settings: Settings,
    bars: ProgressBars,
) -> Summary:
    """Write the document and its files; all files appear, or none.

    with_search: whether services outside are searched; None for those that the settings enable, if any.
    model: who writes it, None for the installation's default; DAILY_TOKEN_LIMIT holds for this one document.
    Raises Invalid and its kinds before any work for what is wrong with the wish, NoUsableSource when there is
    nothing to write from, NoModelAnswers and TokenLimitReached.
    """
    began = time.monotonic()
    out = list(dict.fromkeys(out))
    formats = [_format_of(path) for path in out]
    load_norm(brief.norm)
    find_style(brief.citation_style)
    is_searching = settings.searches_outside if with_search is None else with_search
    if is_searching and not settings.searches_outside:
        raise Invalid(
            "--search: no search service is enabled. Set OPENALEX_ENABLED, CROSSREF_ENABLED, ARXIV_ENABLED or "
            "SEMANTIC_SCHOLAR_ENABLED to yes, or the key of another."
        )
    account = RunAccount(settings.daily_token_limit)
    async with open_composers(settings, model=model) as composers:
        composer = composers.choose(None, account=account, job="document")
        with bars:
            sources: tuple[Source, ...] = ()
            if source_names:
                sources = await _read_sources(source_names, settings, bars)
            async with _searches(settings, with_library=with_library, is_searching=is_searching) as searches:
                manuscript = await write_document(
                    brief,
                    composer=composer,
                    own_sources=sources,
                    searches=searches,
                    journal=bars,
                    count_pages=count_pages,
                    concurrency=settings.section_concurrency,
                    search_timeout_s=settings.search_timeout_s,
                )
            manuscript = replace(manuscript, dated=date.today())  # noqa: DTZ011 - the day where the author is
            pages = math.ceil(await asyncio.to_thread(count_pages, manuscript))
            await _write_files(manuscript, out, formats, bars)
    took_s = time.monotonic() - began
    return Summary(manuscript, pages, bars.found, took_s, tuple(out), account.tokens_used)


def _format_of(path: Path) -> Format:
    ending = path.suffix.lstrip(".").lower()
    for known in Format:
        if ending == known.extension:
            break
    else:
        endings = ", ".join(f".{known.extension}" for known in Format)
        raise Invalid(f"--out {path}: the ending decides the format; use one of {endings}.")
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise Invalid(f"--out {path}: no file can have this name ({error.strerror}).") from error
    if is_folder:
        raise Invalid(f"--out {path}: this is a folder; name a file in it.")
    if not path.parent.is_dir():
        raise Invalid(f"--out {path}: there is no folder {path.parent}; make it first.")
    if not os.access(path.parent, os.W_OK):
        raise Invalid(f"--out {path}: nothing can be written in {path.parent}; choose another folder.")
    return known


async def _read_sources(names: Sequence[str], settings: Settings, bars: ProgressBars) -> tuple[Source, ...]:
    files = find_files(names)
    bars.reading(len(files))
    read = await read_files(files, most_mib=settings.max_upload_mb, on_file=bars.reading_file)
    for complaint in read.complaints:
        bars.complain(complaint)
    if not read.sources:
        raise NoUsableSource(
            "None of the files given by --source could be used. Bring papers as PDF, DOCX, Markdown or text, "
            "or records with abstracts as BibTeX, RIS or CSL-JSON."
        )
    return read.sources


@contextlib.asynccontextmanager
async def _searches(
    settings: Settings, *, with_library: bool, is_searching: bool
) -> AsyncIterator[Sequence[SourceSearch]]:
    """Give what is searched; without the library no database is started, and no answer is kept."""
    if with_library:
        async with open_house(settings) as house:
            await migrate(house.database)
            yield [search for search in house.tools.searches if is_searching or search.name == LIBRARY]
    elif is_searching:
        async with open_searches(settings, clock=system_clock) as searches:
            yield searches
    else:
        yield ()


async def _write_files(
    manuscript: Manuscript, out: Sequence[Path], formats: Sequence[Format], bars: ProgressBars
) -> None:
    bars.exporting(len(out))
    drafts: list[tuple[Path, Path]] = []
    try:
        for path, wanted in zip(out, formats, strict=True):
            draft = path.with_name(f".tesigo-{os.getpid()}-{len(drafts)}.part")
            drafts.append((draft, path))
            draft.write_bytes(await asyncio.to_thread(render, manuscript, wanted))
            bars.exported()
        for draft, path in drafts:
            draft.replace(path)
    except OSError as error:
        raise Invalid(f"The document cannot be written to {path}: {error.strerror}.") from error
    finally:
        for draft, _ in drafts:
            draft.unlink(missing_ok=True)
