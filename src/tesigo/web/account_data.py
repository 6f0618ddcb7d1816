"""The user's data as a file to take along."""

from enum import StrEnum

from fastapi import APIRouter, Request, Response

from tesigo.accounts.limited import limited_by
from tesigo.accounts.session import CurrentUser
from tesigo.documents.routes import files_of
from tesigo.kit.rates import EXPORTS
from tesigo.kit.requests import Now, SettingsNow, database_of
from tesigo.privacy.account_record import file_name
from tesigo.privacy.archive_service import export_archive
from tesigo.privacy.downloads import OpenFileResponse
from tesigo.privacy.export_service import export_json

router = APIRouter(prefix="/settings")


class _Kind(StrEnum):
    JSON = "json"
    ZIP = "zip"


@router.get("/data.{kind}", dependencies=[limited_by(EXPORTS)])
async def download_data(
    request: Request, current: CurrentUser, settings: SettingsNow, now: Now, kind: _Kind
) -> Response:
    """Return all that is kept of the user, as it is at this moment."""
    database, folder = database_of(request), settings.data_dir
    if kind is _Kind.JSON:
        file = await export_json(database, current.id, folder, now=now)
    else:
        file = await export_archive(database, files_of(request), current.id, folder, now=now)
    return OpenFileResponse(
        file, name=file_name(current.id, kind.value), media_type=f"application/{kind.value}"
    )
