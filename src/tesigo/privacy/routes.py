"""What a user can do about their data as a whole: take it along, and have it erased."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from tesigo.accounts.cookies import access_cookie, clear_cookies, refresh_cookie
from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser, keys_of
from tesigo.documents.limits import EXPORTS
from tesigo.documents.routes import files_of
from tesigo.kit.problems import problem_responses
from tesigo.kit.rates import Limit, WhenAway
from tesigo.kit.requests import Now, SettingsNow, database_of
from tesigo.privacy import archive_service, erasure_service, export_service
from tesigo.privacy.account_record import file_name
from tesigo.privacy.downloads import OpenFileResponse
from tesigo.privacy.export_places import ExportPlaces
from tesigo.privacy.schemas import AccountDeleted

router = APIRouter(prefix="/user", tags=["user"])

RecordFormat = Literal["json", "zip"]
"""How a user's record can be had."""

_JSON, _ZIP = "application/json", "application/zip"

RECORDS = Limit(
    "records",
    lambda _settings: 10,  # each reads all that is kept of the user, which may be a gigabyte
    60 * 60,
    WhenAway.GO_ON,
    "All of your data was asked for several times in an hour",
)
"""Exports of everything, by user; they count among all exports besides."""


def places_of(request: Request) -> ExportPlaces:
    """Return the process's places for exports (`app.state.export_places`)."""
    places: ExportPlaces = request.app.state.export_places
    return places


async def _alone(request: Request, current: CurrentUser) -> AsyncIterator[None]:
    """Hold the user's only place until the answer is sent or given up, for until then its file takes up the disk."""
    with places_of(request).only_one_of(current.id):
        yield


RECORD_BOUNDS = (limited_by(EXPORTS), Depends(_alone, scope="request"), limited_by(RECORDS))
"""What stands before every way to have a user's record; who is refused as a second one has not asked anew."""


@router.get(
    "/export-data",
    summary="Take all my data along",
    response_class=Response,
    dependencies=RECORD_BOUNDS,
    responses={
        200: {
            "content": {_JSON: {"schema": {"type": "object"}}, _ZIP: {}},
            "description": "The file `user_data_{id}.json` or `user_data_{id}.zip`",
        },
        **problem_responses(401, 422, 429, 503),
    },
)
async def export_data(
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    now: Now,
    wanted: Annotated[RecordFormat, Query(alias="format")] = "json",
) -> Response:
    """Return all that is kept of me, as it is at this moment.

    As JSON: my account, every decision about consents, sign-ins, documents with their content, outline, sources,
    citations, drafts, jobs and events, and each call of a language model with its tokens; `payments` is empty, for this
    version takes none.
    As ZIP: the same, and beside it each document as Markdown, its sources as BibTeX and as texts, and its kept exports.
    """
    return await send_record(request, current.id, wanted, folder=settings.data_dir, now=now)


@router.delete("/delete-account", summary="Delete my account", responses=problem_responses(401, 403, 503))
async def delete_account(
    request: Request, response: Response, current: CurrentUser, settings: SettingsNow, now: Now
) -> AccountDeleted:
    """Erase all that is kept of me, at once and for ever; every token of mine stops working.

    Files are removed right after, or as soon as the place where they are kept can be reached. What stays is a row
    without a person: its number, and when it was made and deleted; and the tokens that were used, as nobody's. My
    address may be registered anew.
    """
    async with database_of(request).transaction() as tx:
        await erasure_service.erase_user(tx, current.id, keys=keys_of(request), now=now)
    if access_cookie(request, settings=settings) or refresh_cookie(request, settings=settings):
        clear_cookies(response, settings=settings)
    response.headers["Cache-Control"] = "no-store"
    return AccountDeleted()


async def send_record(
    request: Request, user_id: int, wanted: RecordFormat, *, folder: Path, now: datetime
) -> Response:
    """Return the answer that brings all that is kept of the user; routes and pages give the same.

    folder: where the file lies until it is sent.
    Raises NotSignedIn when the account was deleted meanwhile; DatabaseAway; Unavailable when the store is away.
    """
    database, name = database_of(request), file_name(user_id, wanted)
    async with places_of(request).place() as threads:
        if wanted == "json":
            record = await export_service.export_json(database, user_id, folder, threads, now=now)
            return OpenFileResponse(record, name=name, media_type=_JSON)
        files = files_of(request)
        archive = await archive_service.export_archive(database, files, user_id, folder, threads, now=now)
        return OpenFileResponse(archive, name=name, media_type=_ZIP)
