"""One document: how far it is, its outline, its sources, its downloads."""

from typing import Annotated

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents import export_service, sections_service, service, sources_service
from tesigo.documents.limits import EXPORTS
from tesigo.documents.models import DocumentRow
from tesigo.documents.ownership import OwnDocument
from tesigo.documents.quotas import Quotas
from tesigo.documents.routes import files_of
from tesigo.documents.uploads import records_of
from tesigo.export.formats import Format
from tesigo.generation.forecasts import forecast_job
from tesigo.generation.models import DISPATCHED
from tesigo.generation.routes import tools_of
from tesigo.generation.service import find_latest_job
from tesigo.kit.errors import Conflict
from tesigo.kit.requests import Now, SettingsNow, Tx, database_of
from tesigo.kit.schemas import RowId
from tesigo.web.bibliography import Entry, describe
from tesigo.web.notices import Notice
from tesigo.web.outlook import describe_outlook
from tesigo.web.pages import show_page, words_of
from tesigo.web.sentences import sentence_of
from tesigo.web.understood import COMMON_STYLES
from tesigo.web.uploaded_files import MOST_FILES, count_files, read_files
from tesigo.web.words import Words
from tesigo.web.writing_control import back_to_document

_SOURCES_PER_PAGE = 15

router = APIRouter(prefix="/documents/{document_id}")


@router.get("")
async def show_document(
    *,
    request: Request,
    current: CurrentUser,
    tx: Tx,
    settings: SettingsNow,
    now: Now,
    document: OwnDocument,
    after: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Show where the document stands. after: the id that the page of sources continues after."""
    job = await find_latest_job(tx, document.id)
    listed = await sources_service.list_sources(tx, document, after_id=after, limit=_SOURCES_PER_PAGE + 1)
    words = words_of(request)
    sections = await sections_service.load_section_rows(tx, document)
    is_running = job is not None and job.status in DISPATCHED
    outlook: list[str] = []
    if job is not None and is_running:
        at_a_time = tools_of(request).section_concurrency
        outlook = describe_outlook(await forecast_job(tx, job, now, at_a_time=at_a_time), words)
    is_written = any(section.content is not None for section in sections)
    return show_page(
        request,
        "document.html",
        user=current,
        document=document,
        job=job,
        is_running=is_running,
        is_resting=job is not None and job.resumes_at is not None,
        outlook=outlook,
        is_written=is_written,
        sections=sections,
        style=COMMON_STYLES.get(document.citation_style, document.citation_style),
        cited=await _cited(tx, document, words) if is_written and not is_running else [],
        sources=[(source, describe(source.csl, words)) for source in listed[:_SOURCES_PER_PAGE]],
        is_first=after is None,
        next_after=listed[_SOURCES_PER_PAGE - 1].id if len(listed) > _SOURCES_PER_PAGE else None,
        formats=tuple(Format),
        most_files=MOST_FILES,
        file_mb=settings.max_upload_mb,
    )


@router.post("/sources")
async def add_sources(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    now: Now,
    document_id: RowId,
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """Add the sources of the files; those that cannot be read are named, the others are used."""
    words = words_of(request)
    async with database_of(request).transaction() as tx:
        service.refuse_while_written(await service.own_document(tx, current.id, document_id))
    chosen = (files or [])[:MOST_FILES]
    await count_files(request, current, chosen)
    read = await read_files(chosen, most_mib=settings.max_upload_mb, words=words, records=records_of(request))
    notices = list(read.notices)
    if len(files or ()) > MOST_FILES:
        notices.append(Notice("warning", words("upload.too_many", most=MOST_FILES)))
    if read.sources:
        async with database_of(request).transaction() as tx:
            document = await service.own_document(tx, current.id, document_id, lock=True)
            added = await sources_service.add_sources(
                tx, document, read.sources, quotas=Quotas.of(settings), now=now
            )
        notices.insert(0, Notice("done", words.count("sources.added", len(added))))
    elif not notices:
        notices.append(Notice("warning", words("upload.none_chosen")))
    return back_to_document(request, document_id, notices)


@router.post("/sources/{source_id}/remove")
async def remove_source(
    request: Request, current: CurrentUser, document_id: RowId, source_id: RowId
) -> Response:
    """Remove a source that the text does not cite."""
    notices = []
    try:
        async with database_of(request).transaction() as tx:
            document = await service.own_document(tx, current.id, document_id, lock=True)
            await sources_service.remove_source(tx, document, source_id)
    except Conflict as failure:
        notices.append(Notice("warning", sentence_of(failure, words_of(request))))
    return back_to_document(request, document_id, notices)


@router.get("/download/{wanted}", dependencies=[limited_by(EXPORTS)])
async def download(request: Request, current: CurrentUser, document_id: RowId, wanted: Format) -> Response:
    """Return the document as a file."""
    async with database_of(request).transaction() as tx:
        document = await service.own_document(tx, current.id, document_id)
        manuscript = await service.load_manuscript(tx, document, author=current.full_name or "")
    content = await export_service.export_document(document_id, manuscript, wanted, files_of(request))
    name = export_service.file_name(manuscript.title, wanted)
    headers = {"Content-Disposition": export_service.attachment(name), "Cache-Control": "no-store"}
    return Response(content, media_type=wanted.media_type, headers=headers)


async def _cited(tx: AsyncSession, document: DocumentRow, words: Words) -> list[tuple[Entry, int]]:
    """Return each source that the text cites with how often it does, those cited most first."""
    entries = [
        (describe({**source.csl, "id": source.key}, words), source.times)
        for source in await sources_service.list_cited(tx, document)
    ]
    return sorted(entries, key=lambda cited: (-cited[1], cited[0].short))
