"""Copies of checkpoints in Redis; whatever is wrong with it, a job goes on as if there were no copies."""

import hmac
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from redis.asyncio import Redis

from tesigo.adapters.resting_redis import RedisAway, RestingRedis
from tesigo.generation.ports import Checkpoint

_Answer = TypeVar("_Answer")

_PREFIX = "tesigo:checkpoint:"
_KEPT_S = 3600
_LARGEST_BYTES = 64 * 1024
_SEAL_BYTES = 32
_MOST_REMOVED = 100
_SEALED_FOR = b"tesigo: a copy of a checkpoint, form 1"
_FORM = TypeAdapter(Checkpoint)


class RedisCheckpoints:
    """Keeps copies for an hour, under `tesigo:checkpoint:` and the job's id, sealed with a key of ours.

    A value that is not a string, too large, without our seal, or another job's, counts as absent: anybody who
    reaches the Redis may write there.
    url, rest_s: as RestingRedis has them. secret: the installation's.
    Raises Invalid for an address that cannot be understood.
    """

    def __init__(self, url: str, *, secret: str, rest_s: float = 10) -> None:
        self._redis = RestingRedis(url, rest_s=rest_s, without="checkpoints have no copies now")
        self._seal_key = hmac.digest(secret.encode(), _SEALED_FOR, "sha256")

    async def greet(self) -> None:
        """Ask for a sign of life, so that a Redis that is away is logged now and not with the first job."""
        await self._ask(lambda redis: redis.exists(_PREFIX))

    async def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a copy for an hour."""
        body = _FORM.dump_json(checkpoint)
        sealed = self._seal(body) + body
        if len(sealed) <= _LARGEST_BYTES:
            await self._ask(lambda redis: redis.set(_name_of(checkpoint.job_id), sealed, ex=_KEPT_S))

    async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:
        """Return the copies that are there and ours, by job; all are asked for at once."""
        if not job_ids:
            return {}
        values = await self._ask(lambda redis: self._read(redis, job_ids)) or ()
        copies = {job_id: self._open(value) for job_id, value in zip(job_ids, values, strict=False)}
        return {job_id: copy for job_id, copy in copies.items() if copy and copy.job_id == job_id}

    async def forget(self, job_ids: Sequence[uuid.UUID]) -> bool:
        """Remove the copies of these jobs; return whether Redis said that they are gone."""
        names = [_name_of(job_id) for job_id in job_ids]
        for start in range(0, len(names), _MOST_REMOVED):
            some = names[start : start + _MOST_REMOVED]
            if await self._ask(partial(_remove, some)) is None:
                return False
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _read(self, redis: Redis, job_ids: Sequence[uuid.UUID]) -> list[Any]:
        """Return the beginning of each value, as much as a copy of ours may have: a seal fails on what was longer.

        Not MGET, which would load whatever stands there, and which a cluster refuses. Another type than a string
        comes back as an error in its place.
        """
        pipeline = redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.getrange(_name_of(job_id), 0, _LARGEST_BYTES - 1)
        answers = await pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and not str(answer).startswith("WRONGTYPE"):
                raise answer
        return answers

    def _open(self, value: object) -> Checkpoint | None:
        if not isinstance(value, bytes):
            return None
        seal, body = value[:_SEAL_BYTES], value[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(body)):
            return None
        try:
            return _FORM.validate_json(body)
        except ValidationError:
            return None

    def _seal(self, body: bytes) -> bytes:
        return hmac.digest(self._seal_key, body, "sha256")

    async def _ask(self, question: Callable[[Redis], Awaitable[_Answer]]) -> _Answer | None:
        """Return what Redis answers, None when it does not."""
        try:
            return await self._redis.ask(question)
        except RedisAway:
            return None


async def _remove(names: Sequence[str], redis: Redis) -> int:
    """Return how many were there. Not DEL of all at once, which a cluster refuses."""
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.unlink(name)
    return sum(await pipeline.execute())


def _name_of(job_id: uuid.UUID) -> str:
    return f"{_PREFIX}{job_id}"
