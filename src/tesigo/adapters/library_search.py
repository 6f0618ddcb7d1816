"""The installation's own library, searched like any other index."""

from sqlalchemy.exc import SQLAlchemyError

from tesigo.documents.library_service import search_library
from tesigo.kit.db import Database
from tesigo.manuscript import Source
from tesigo.research.errors import SourcesUnavailable


class LibrarySearch:
    """Finds sources in the library of this installation."""

    name = "library"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_sources(self, query: str, *, limit: int) -> list[Source]:
        """Return sources that hold some word of the query, best match first.

        Raises DatabaseAway when the database does not answer, which is no reason to write without the library, and
        SourcesUnavailable when it refuses the search itself.
        """
        try:
            async with self._database.transaction() as tx:
                return await search_library(tx, query, limit=limit)
        except SQLAlchemyError as error:
            raise SourcesUnavailable("the library cannot be searched; try again later") from error
