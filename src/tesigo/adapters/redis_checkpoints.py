"""Copies of checkpoints in Redis; whatever is wrong with it, a job goes on as if there were no copies."""

import asyncio
import hmac
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from tesigo.generation.ports import Checkpoint
from tesigo.kit.errors import Invalid

log = structlog.get_logger(__name__)

_Answer = TypeVar("_Answer")

_PREFIX = "tesigo:checkpoint:"
_KEPT_S = 3600
_ANSWER_S = 0.25
_MOST_CONNECTIONS = 8
_LARGEST_BYTES = 64 * 1024
_SEAL_BYTES = 32
_SEALED_FOR = b"tesigo: a copy of a checkpoint, form 1"
_FORM = TypeAdapter(Checkpoint)


class RedisCheckpoints:
    """Keeps copies for an hour, under `tesigo:checkpoint:` and the job's id, sealed with a key of ours.

    A value that is not a string, too large, without our seal, or another job's, counts as absent: anybody who
    reaches the Redis may write there.
    A Redis that fails or does not answer within 0.25 s is not asked again for `rest_s` seconds, and then by one
    attempt at a time until it answers.

    url: `redis://user:password@host:port/database`, `rediss://…` or `unix://…`. secret: the installation's.
    Raises Invalid for an address that cannot be understood.
    """

    def __init__(self, url: str, *, secret: str, rest_s: float = 10) -> None:
        self._pool = _make_pool(url)
        self._redis = Redis(connection_pool=self._pool)
        self._seal_key = hmac.digest(secret.encode(), _SEALED_FOR, "sha256")
        self._rest_s = rest_s
        self._is_away = False
        self._rests_until_s = 0.0

    async def greet(self) -> None:
        """Ask for a sign of life, so that a Redis that is away is logged now and not with the first job."""
        await self._ask(lambda: self._redis.exists(_PREFIX))

    async def keep(self, checkpoint: Checkpoint) -> None:
        """Keep a copy for an hour."""
        body = _FORM.dump_json(checkpoint)
        sealed = self._seal(body) + body
        if len(sealed) <= _LARGEST_BYTES:
            await self._ask(lambda: self._redis.set(_name_of(checkpoint.job_id), sealed, ex=_KEPT_S))

    async def find(self, job_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Checkpoint]:
        """Return the copies that are there and ours, by job; all are asked for at once."""
        if not job_ids:
            return {}
        values = await self._ask(lambda: self._read(job_ids)) or ()
        copies = {job_id: self._open(value) for job_id, value in zip(job_ids, values, strict=False)}
        return {job_id: copy for job_id, copy in copies.items() if copy and copy.job_id == job_id}

    async def aclose(self) -> None:
        """Close the connections."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._pool.aclose()
        except (RedisError, OSError) as error:
            log.info("the connections to Redis did not close well", reason=type(error).__name__)

    async def _read(self, job_ids: Sequence[uuid.UUID]) -> list[Any]:
        """Return the beginning of each value, as much as a copy of ours may have: a seal fails on what was longer.

        Not MGET, which would load whatever stands there, and which a cluster refuses. Another type than a string
        comes back as an error in its place.
        """
        pipeline = self._redis.pipeline(transaction=False)
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

    async def _ask(self, question: Callable[[], Awaitable[_Answer]]) -> _Answer | None:
        """Return what Redis answers, None when it does not."""
        now_s = time.monotonic()
        if now_s < self._rests_until_s:
            return None
        if self._is_away:
            self._rests_until_s = now_s + self._rest_s  # one attempt, whoever else comes meanwhile
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await question()
        except Exception as error:  # noqa: BLE001 - a copy is worth no job, whatever a server may send
            self._rests_until_s = time.monotonic() + self._rest_s
            if not self._is_away:
                self._is_away = True
                log.warning("Redis fails, checkpoints have no copies now", reason=type(error).__name__)
            return None
        self._rests_until_s = 0.0
        if self._is_away:
            self._is_away = False
            log.info("Redis answers again")
        return answer


def _make_pool(url: str) -> BlockingConnectionPool:
    """Return a pool in which those wait whom the ordinary one would refuse."""
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_MOST_CONNECTIONS,
            timeout=_ANSWER_S,
            socket_connect_timeout=_ANSWER_S,
            socket_timeout=_ANSWER_S,
            protocol=2,
        )
        # connects nothing yet; options that do not exist show here
        pool.make_connection()  # type: ignore[no-untyped-call]  # redis has no types for it
    except (ValueError, TypeError, RedisError):
        raise Invalid(
            "REDIS_URL: must be redis://USER:PASSWORD@HOST:PORT/DATABASE; percent-encode signs in it.",
            code="wrong_setting",
        ) from None
    return pool


def _name_of(job_id: uuid.UUID) -> str:
    return f"{_PREFIX}{job_id}"
