"""The form for a new document: what it is about, what it is to look like, and the sources for it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from tesigo.accounts.identity import User
from tesigo.accounts.session import CurrentUser
from tesigo.documents import library_service, service, sources_service
from tesigo.documents.quotas import Quotas
from tesigo.documents.routes import ComposersNow, composers_of
from tesigo.documents.uploads import records_of
from tesigo.export.errors import UnknownNorm, UnknownStyle
from tesigo.export.norms import load_norm, norm_names
from tesigo.export.styles import find_style
from tesigo.gateway.errors import TokenLimitReached
from tesigo.generation.limits import GENERATIONS
from tesigo.generation.routes import tools_of
from tesigo.generation.service import request_job
from tesigo.kit.errors import Invalid, LimitReached
from tesigo.kit.problems import retry_after
from tesigo.kit.rates import rates_of
from tesigo.kit.requests import Now, SettingsNow, database_of, settings_of
from tesigo.kit.settings import Settings
from tesigo.web.languages import language_of
from tesigo.web.notices import Notice, leave_notices
from tesigo.web.pages import show_page, words_of
from tesigo.web.sentences import sentence_of
from tesigo.web.understood import COMMON_STYLES, Understood
from tesigo.web.uploaded_files import MOST_FILES, count_files, read_files
from tesigo.writing.brief import (
    FEWEST_PAGES,
    LANGUAGES,
    LONGEST_REQUIREMENTS,
    LONGEST_TITLE,
    MOST_PAGES,
    SHORTEST_TITLE,
    Brief,
    make_brief,
)
from tesigo.writing.errors import InvalidBrief
from tesigo.writing.ports import ComposerChoice

router = APIRouter(prefix="/documents/new")
_Field = Annotated[str, Form()]


@router.get("")
async def show_form(
    request: Request, current: CurrentUser, settings: SettingsNow, composers: ComposersNow
) -> Response:
    """Show the empty form."""
    values = {
        "title": "",
        "pages": "10",
        "language": language_of(request),
        "citation_style": "apa",
        "norm": norm_names()[0],
        "requirements": "",
        "model": composers.names[0],
    }
    return show_page(
        request,
        "new_document.html",
        user=current,
        values=values,
        faults={},
        understood=None,
        has_lost_files=False,
        **_choices(settings, composers),
    )


@router.post("")
async def create_document(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    composers: ComposersNow,
    now: Now,
    files: Annotated[list[UploadFile] | None, File()] = None,
    title: _Field = "",
    pages: _Field = "",
    language: _Field = "en",
    citation_style: _Field = "",
    norm: _Field = "",
    requirements: _Field = "",
    model: _Field = "",
) -> Response:
    """Create the document, add the sources and start the writing.

    Files that cannot be read are named, the others are used. Without any source at hand, and when today's tokens do
    not suffice, the document is kept, and its page says what is to be done.
    """
    words = words_of(request)
    values = {
        "title": title,
        "pages": pages,
        "language": language,
        "citation_style": citation_style,
        "norm": norm,
        "requirements": requirements,
        "model": model,
    }
    brief, faults = _check(values)
    try:
        writer = composers.resolve(model) if model else None
    except Invalid as failure:
        brief, faults["model"] = None, failure.message
    has_lost_files = any(file.filename for file in files or ())
    if brief is None or len(files or ()) > MOST_FILES:
        faults = {field: words.find(f"faults.{field}") or rule for field, rule in faults.items()}
        if len(files or ()) > MOST_FILES:
            faults["files"] = words("upload.too_many", most=MOST_FILES)
        return show_again(request, current, values, faults, status=400, has_lost_files=has_lost_files)
    try:
        await rates_of(request).take(GENERATIONS, current.id)
        await count_files(request, current, files or ())
    except LimitReached as limit:
        faults = {"files": sentence_of(limit, words)}
        response = show_again(request, current, values, faults, status=429, has_lost_files=has_lost_files)
        response.headers.update(retry_after(limit))
        return response
    read = await read_files(
        files or (), most_mib=settings.max_upload_mb, words=words, records=records_of(request)
    )
    notices = list(read.notices)
    quotas = Quotas.of(settings)
    async with database_of(request).transaction() as tx:
        document = await service.create_document(tx, current.id, brief, model=writer, quotas=quotas, now=now)
        if read.sources:
            await sources_service.add_sources(tx, document, read.sources, quotas=quotas, now=now)
        if read.sources or await library_service.count_library(tx):
            try:
                await request_job(tx, current, document, budget=tools_of(request).budget, now=now)
            except TokenLimitReached as limit:
                notices.append(Notice("warning", sentence_of(limit, words)))
        else:
            notices.append(Notice("warning", words("new.no_source")))
    response = RedirectResponse(f"/documents/{document.id}", 303)
    leave_notices(response, notices, more=words("notices.more"), settings=settings)
    return response


def show_again(
    request: Request,
    current: User,
    values: Mapping[str, str],
    faults: Mapping[str, str],
    *,
    status: int,
    has_lost_files: bool,
    understood: Understood | None = None,
) -> Response:
    """Return the form as it was filled in, with what is wrong with it; files do not come back.

    understood: what the requirements ask, None while nobody asked for that.
    """
    return show_page(
        request,
        "new_document.html",
        user=current,
        status=status,
        values=values,
        has_lost_files=has_lost_files,
        faults=faults,
        understood=understood,
        **_choices(settings_of(request), composers_of(request)),
    )


def _check(values: Mapping[str, str]) -> tuple[Brief | None, dict[str, str]]:
    """Return the brief, or the rule that each wrong field breaks."""
    faults: dict[str, str] = {}
    pages = values["pages"].strip()
    is_number = pages.isascii() and pages.isdigit() and len(pages) < 6
    fields = {name: value for name, value in values.items() if name != "model"}
    asked = {**fields, "pages": int(pages) if is_number else 0}
    try:
        brief = make_brief(**asked)  # type: ignore[arg-type]  # the fields of the form are its parameters
    except InvalidBrief as failure:
        faults |= dict(failure.fields)
    try:
        find_style(values["citation_style"].strip())
    except UnknownStyle as failure:
        faults.setdefault("citation_style", failure.message)
    try:
        load_norm(values["norm"])
    except UnknownNorm as failure:
        faults.setdefault("norm", failure.message)
    return (None, faults) if faults else (brief, {})


def _choices(settings: Settings, composers: ComposerChoice) -> dict[str, Any]:
    return {
        "limits": {
            "title": (SHORTEST_TITLE, LONGEST_TITLE),
            "pages": (FEWEST_PAGES, MOST_PAGES),
            "requirements": LONGEST_REQUIREMENTS,
            "files": MOST_FILES,
            "file_mb": settings.max_upload_mb,
        },
        "text_languages": LANGUAGES,
        "models": composers.names,
        "styles": COMMON_STYLES,
        "norms": {name: load_norm(name).title for name in norm_names()},
    }
