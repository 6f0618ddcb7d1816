"""`tesigo library`: the sources that every document of this installation may find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tesigo.adapters.zotero import ZoteroLibrary
from tesigo.documents.library_service import add_to_library, count_library, list_library
from tesigo.entry.migrating import migrate
from tesigo.entry.source_files import FilesRead, find_files, read_files
from tesigo.entry.wiring import open_house
from tesigo.intake.reading import Reading
from tesigo.kit.settings import Settings
from tesigo.manuscript import Source

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Added:
    """What an addition came to: new works, works that were there already, and what could not be read."""

    new: int
    known: int
    in_all: int
    complaints: tuple[str, ...]


async def add_files(
    names: Sequence[str], settings: Settings, *, zotero: Sequence[str] = (), on_file: Callable[[Path], None]
) -> Added:
    """Add the sources of these files, and of these libraries at Zotero, to the library.

    What is given twice, in a file and at Zotero, comes in once. A library that cannot be read ends it all: nothing is
    added then. Raises what `ZoteroLibrary.read_library` raises.
    """
    libraries = await _read_zotero(zotero, settings)
    read: FilesRead = await read_files(find_files(names), most_mib=settings.max_upload_mb, on_file=on_file)
    read = FilesRead(
        (*read.sources, *(source for library in libraries for source in library.sources)),
        (*read.complaints, *(warning for library in libraries for warning in library.warnings)),
    )
    async with open_house(settings) as house:
        await migrate(house.database)
        async with house.database.transaction() as tx:
            new = await add_to_library(tx, read.sources, house.clock()) if read.sources else 0
            return Added(new, len(read.sources) - new, await count_library(tx), read.complaints)


async def _read_zotero(names: Sequence[str], settings: Settings) -> list[Reading]:
    if not names:
        return []
    library = ZoteroLibrary(key=settings.zotero_api_key, base_url=settings.zotero_base_url)
    try:
        return [await library.read_library(name) for name in names]
    finally:
        await library.aclose()


async def list_all(settings: Settings, show: Callable[[Source], None]) -> int:
    """Show every source of the library in the order in which they were added; return how many there are."""
    async with open_house(settings) as house:
        await migrate(house.database)
        shown = after_id = 0
        while True:
            async with house.database.transaction() as tx:
                rows = await list_library(tx, after_id=after_id, limit=_PAGE)
            for row in rows:
                show(Source(key=row.key, csl=row.csl, abstract=row.abstract, full_text=row.full_text))
            shown += len(rows)
            if len(rows) < _PAGE:
                return shown
            after_id = rows[-1].id
