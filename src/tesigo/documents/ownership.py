"""The document that a route speaks of, which is the caller's: what routes ask for instead of an id."""

from typing import Annotated

from fastapi import Depends

from tesigo.accounts.session import CurrentUser
from tesigo.documents import service
from tesigo.documents.models import DocumentRow
from tesigo.kit.requests import Tx
from tesigo.kit.schemas import RowId


async def own_document(current: CurrentUser, tx: Tx, document_id: RowId) -> DocumentRow:
    """Return the caller's document. Raises DocumentNotFound, also for another's."""
    return await service.own_document(tx, current.id, document_id)


async def own_document_locked(current: CurrentUser, tx: Tx, document_id: RowId) -> DocumentRow:
    """Return the caller's document, which nobody else changes before the route's transaction ends.

    Raises DocumentNotFound, also for another's.
    """
    return await service.own_document(tx, current.id, document_id, lock=True)


OwnDocument = Annotated[DocumentRow, Depends(own_document)]
"""The document of the path's `{document_id}`, read in the route's own transaction (`Tx`).

Without it the route is not entered: 401 for nobody, else 404, the same for what is absent and for what is another's.
A route that works for long between short transactions (it reads an upload, renders a file) must hold none meanwhile:
it calls `service.own_document` in each of them. So do WebSockets, and pages, whose transactions end within them.
"""

OwnDocumentLocked = Annotated[DocumentRow, Depends(own_document_locked)]
"""As OwnDocument, and locked: for routes that change it."""
