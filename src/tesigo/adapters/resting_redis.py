"""A Redis that may be away: it is asked within a short time, and left alone for a while once it has failed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from tesigo.kit.errors import Invalid

log = structlog.get_logger(__name__)

_Answer = TypeVar("_Answer")

_ANSWER_S = 0.25
_MOST_CONNECTIONS = 8


class RedisAway(Exception):
    """Redis failed, did not answer in time, or is left alone. rest_s: how long it is not asked, above 0."""

    def __init__(self, rest_s: float) -> None:
        super().__init__("Redis is away")
        self.rest_s = rest_s


class RestingRedis:
    """Asks Redis what it is given to ask.

    A Redis that fails or does not answer within 0.25 s is not asked again for `rest_s` seconds, and then by one
    attempt at a time until it answers. Each of the two changes is logged once.

    url: `redis://user:password@host:port/database`, `rediss://…` or `unix://…`. without: what does not happen
    meanwhile, for the log. Raises Invalid for an address that cannot be understood.
    """

    def __init__(self, url: str, *, rest_s: float, without: str) -> None:
        self._pool = _make_pool(url)
        self._redis = Redis(connection_pool=self._pool)
        self._rest_s = rest_s
        self._without = without
        self._is_away = False
        self._rests_until_s = 0.0

    async def ask(self, question: Callable[[Redis], Awaitable[_Answer]]) -> _Answer:
        """Return what Redis answers; whatever the question raises counts as a failure of Redis. Raises RedisAway."""
        now_s = time.monotonic()
        if now_s < self._rests_until_s:
            raise RedisAway(self._rests_until_s - now_s)
        if self._is_away:
            self._rests_until_s = now_s + self._rest_s  # one attempt, whoever else comes meanwhile
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await question(self._redis)
        except Exception as error:
            self._rests_until_s = time.monotonic() + self._rest_s
            if not self._is_away:
                self._is_away = True
                log.warning(f"Redis fails, {self._without}", reason=type(error).__name__)
            raise RedisAway(self._rest_s) from error
        self._rests_until_s = 0.0
        if self._is_away:
            self._is_away = False
            log.info("Redis answers again")
        return answer

    async def aclose(self) -> None:
        """Close the connections."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._pool.aclose()
        except (RedisError, OSError) as error:
            log.info("the connections to Redis did not close well", reason=type(error).__name__)


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
