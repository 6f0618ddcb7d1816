"""What administrators are answered."""

from typing import Self

from pydantic import Field

from tesigo.administration.stats_service import Stats
from tesigo.generation.schemas import Status
from tesigo.kit.schemas import AnswerModel


class StatsAnswer(AnswerModel):
    """The figures of the installation at this moment."""

    total_users: int = Field(description="Without those that were deleted.")
    total_documents: int = Field(description="Without those that were deleted.")
    total_tokens_all_time: int = Field(
        description="Of language models, also those of users and documents that were deleted."
    )
    tokens_today: int = Field(description="Since midnight UTC, by the time of the call.")
    average_tokens_per_document: float = Field(
        description="Over the documents that are there and have used any; 0 when none has.",
        examples=[48211.5],
    )
    jobs_by_status: dict[Status, int] = Field(description="Every status, with 0 where no job is in it.")
    queue_depth: int = Field(description="Jobs that are ready and wait for a worker.")
    workers: int = Field(description="Worker processes that gave a sign of life in the last 15 seconds.")
    revenue_cents: int = Field(description="Always 0: this version takes no payments.")

    @classmethod
    def of(cls, stats: Stats) -> Self:
        """Return the answer for these figures."""
        return cls(
            total_users=stats.total_users,
            total_documents=stats.total_documents,
            total_tokens_all_time=stats.total_tokens,
            tokens_today=stats.tokens_today,
            average_tokens_per_document=stats.average_tokens,
            jobs_by_status=stats.jobs,
            queue_depth=stats.queue_depth,
            workers=stats.workers,
            revenue_cents=0,
        )
