"""The document as a page to read."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from tesigo.accounts.session import CurrentUser
from tesigo.documents import service
from tesigo.export.words import frame_words
from tesigo.kit.requests import database_of
from tesigo.kit.schemas import RowId
from tesigo.manuscript import Citation, Source, pages_of
from tesigo.web.bibliography import describe_all
from tesigo.web.pages import show_page, words_of
from tesigo.web.section_html import Locate, render_section
from tesigo.web.words import LANGUAGES, words_in

router = APIRouter(prefix="/documents/{document_id}")


@router.get("/read")
async def read_document(request: Request, current: CurrentUser, document_id: RowId) -> Response:
    """Show the text with its contents and bibliography; each citation opens the passage behind it."""
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id)
        manuscript = await service.load_manuscript(tx, document, author=current.full_name or "")

    def make_page() -> Response:
        spoken = next((language for language in LANGUAGES if language == manuscript.language), None)
        words = words_in(spoken) if spoken else words_of(request)
        cited = set(manuscript.cited_keys)
        locate = _locator_of({source.key: source for source in manuscript.sources}, manuscript.language)
        entries = describe_all((source for source in manuscript.sources if source.key in cited), words)
        return show_page(
            request,
            "read.html",
            user=current,
            document=document,
            manuscript=manuscript,
            sections=[render_section(section, entries, locate) for section in manuscript.sections],
            entries=list(entries.values()),
            text_words=words,
        )

    return await asyncio.to_thread(make_page)


def _locator_of(sources: Mapping[str, Source], language: str) -> Locate:
    """Return what tells the page of a citation's passage in the document's language."""

    def locate(citation: Citation) -> str:
        pages = pages_of(citation.passage, sources[citation.key])
        return frame_words(language).write_pages(*pages) if pages else ""

    return locate
