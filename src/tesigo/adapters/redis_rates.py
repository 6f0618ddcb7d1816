"""Limits of rate counted in Redis: for all processes of an installation together."""

import secrets

from redis.asyncio import Redis

from tesigo.adapters.resting_redis import RedisAway, RestingRedis
from tesigo.kit.rates import Place, RatesAway, Wait

_PREFIX = "tesigo:rate:"
_ASK = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local amount, window_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - window_ms)
local taken = redis.call('ZCARD', KEYS[1])
if taken >= amount then
  local first = redis.call('ZRANGE', KEYS[1], taken - amount, taken - amount, 'WITHSCORES')
  return math.max(1, first[2] + window_ms - now_ms)
end
if ARGV[3] then
  redis.call('ZADD', KEYS[1], now_ms, ARGV[3])
  redis.call('PEXPIRE', KEYS[1], window_ms)
end
return 0
"""
"""Whether a place is free, and its taking for who brings a token, in one step, by the time of Redis.

A sorted set holds the places of a key, each with the time at which it was taken, and expires after the last.
From: the manual of Redis, "Scripting with Lua" (scripts run alone; reading TIME before a write is allowed from
Redis 5 on), read 2026-11-23.
"""


class RedisRates:
    """Counts under `tesigo:rate:`, the limit's name and a hash; a key expires when its last place is free.

    url, rest_s: as RestingRedis has them. Raises Invalid for an address that cannot be understood.
    """

    def __init__(self, url: str, *, rest_s: float = 5) -> None:
        self._redis = RestingRedis(
            url, rest_s=rest_s, without="limits of rate do not hold and nobody signs in now"
        )

    async def take(self, key: str, *, amount: int, window_s: int) -> Place | Wait:
        """Take a place, unless that many are taken. Raises RatesAway, also for an answer that makes no sense."""
        place = Place(key, secrets.token_hex(8))
        return await self._wait(key, amount, window_s, place.token) or place

    async def find_wait(self, key: str, *, amount: int, window_s: int) -> Wait | None:
        """Return how long until a place is free, None when one is. Raises RatesAway as `take` does."""
        return await self._wait(key, amount, window_s)

    async def _wait(self, key: str, amount: int, window_s: int, *token: str) -> Wait | None:
        window_ms = window_s * 1_000

        async def ask(redis: Redis) -> int:
            wait_ms = await redis.eval(_ASK, 1, _PREFIX + key, amount, window_ms, *token)
            if not isinstance(wait_ms, int) or not 0 <= wait_ms <= window_ms:
                raise ValueError("no number of milliseconds within the window")
            return wait_ms

        try:
            wait_ms = await self._redis.ask(ask)
        except RedisAway as away:
            raise RatesAway(retry_after_s=away.rest_s) from away
        return Wait(wait_ms / 1_000) if wait_ms else None

    async def give_back(self, place: Place) -> None:
        """Free the place, if it is still taken. Raises RatesAway."""
        try:
            await self._redis.ask(lambda redis: redis.zrem(_PREFIX + place.key, place.token))
        except RedisAway as away:
            raise RatesAway(retry_after_s=away.rest_s) from away

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
