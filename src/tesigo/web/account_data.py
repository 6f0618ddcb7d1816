"""The user's data as a file to take along."""

from fastapi import APIRouter, Request, Response

from tesigo.accounts.session import CurrentUser
from tesigo.kit.requests import Now, SettingsNow
from tesigo.privacy.routes import RECORD_BOUNDS, RecordFormat, send_record

router = APIRouter(prefix="/settings")


@router.get("/data.{kind}", dependencies=RECORD_BOUNDS)
async def download_data(
    request: Request, current: CurrentUser, settings: SettingsNow, now: Now, kind: RecordFormat
) -> Response:
    """Return all that is kept of the user, as it is at this moment."""
    return await send_record(request, current.id, kind, folder=settings.data_dir, now=now)
