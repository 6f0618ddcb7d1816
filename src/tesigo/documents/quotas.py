"""How much a user may keep; waiting does not help, deleting does.

Whoever adds something checks afterwards in the same transaction, in which others of the same user then wait: when it
is rolled back by the error, nothing was added.
"""

from dataclasses import dataclass
from typing import Self

from sqlalchemy.ext.asyncio import AsyncSession

from tesigo.documents import quotas_store
from tesigo.documents.errors import QuotaReached
from tesigo.kit.settings import Settings

_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Quotas:
    """The most documents of a user, sources of a document, and MB of all texts of a user."""

    documents: int
    sources: int
    stored_mb: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the quotas of this installation."""
        return cls(settings.max_documents, settings.max_sources, settings.max_stored_mb)

    def check_sources(self, number: int) -> None:
        """Raise QuotaReached when a document, locked by its caller, has more sources."""
        if number > self.sources:
            raise QuotaReached(
                f"A document takes at most {self.sources:,} sources: remove some first.",
                quota="sources",
                most=self.sources,
            )

    async def check_documents(self, tx: AsyncSession, user_id: int) -> None:
        """Raise QuotaReached when the user has more documents, that of this transaction among them."""
        await quotas_store.lock_amounts(tx, user_id)
        if await quotas_store.count_documents(tx, user_id) > self.documents:
            raise QuotaReached(
                f"You have {self.documents:,} documents, as many as one may keep: delete one that you no longer need, "
                "then try again.",
                quota="documents",
                most=self.documents,
            )

    async def check_stored(self, tx: AsyncSession, user_id: int) -> None:
        """Raise QuotaReached when the user's texts take more, those of this transaction among them."""
        await quotas_store.lock_amounts(tx, user_id)
        if await quotas_store.measure_stored(tx, user_id) > self.stored_mb * _MB:
            raise QuotaReached(
                f"Your documents and their sources would take more than {self.stored_mb:,} MB: delete documents or "
                "sources that you no longer need, then try again.",
                quota="stored_mb",
                most=self.stored_mb,
            )
