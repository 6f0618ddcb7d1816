"""The built scripts and styles: how they are called, and how they are served."""

import json
from os import PathLike, stat_result
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tesigo.kit.errors import Failure

FOLDER = Path(__file__).resolve().parent / "static"
ADDRESS = "/static"
_KEPT = "public, max-age=31536000, immutable"


class AssetsMissing(Failure):
    """The scripts and styles were not built: run `make assets`."""

    code = "assets_missing"

    def __init__(self) -> None:
        super().__init__(
            "The scripts and styles of the pages are missing: run `make assets` and start again."
        )


class Assets:
    """The address of each built file. Raises AssetsMissing when there is none."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            self._names: dict[str, str] = json.loads((folder / "manifest.json").read_text("utf-8"))
        except FileNotFoundError:
            raise AssetsMissing from None

    def address(self, name: str) -> str:
        """Return the address of a file by its plain name ("app.css"); it changes with the content."""
        return f"{ADDRESS}/{self._names[name]}"


class ImmutableFiles(StaticFiles):
    """Serves files whose names change with their content, so that browsers never ask for them again."""

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Return the file, to be kept for a year."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = _KEPT
        return response
