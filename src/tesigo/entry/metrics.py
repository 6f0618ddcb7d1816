"""`GET /metrics`: queue, jobs, workers, models and tokens of the whole installation, for Prometheus.

All is read from the database when it is asked for, so that every web server of an installation answers the same; but
for the models that this web server called itself, to propose outlines.
"""

import asyncio
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from tesigo.gateway.breaker import BreakerState
from tesigo.gateway.measurements import ModelMeasured
from tesigo.generation.all_jobs_service import count_jobs
from tesigo.generation.service import WRITE_DOCUMENT
from tesigo.generation.workers_service import Worker, list_workers
from tesigo.kit.db import DatabaseAway
from tesigo.kit.problems import problem_responses
from tesigo.kit.queue import oldest_wait_s, queue_depth
from tesigo.kit.requests import Now, SettingsNow, database_of
from tesigo.kit.settings import Settings
from tesigo.usage.limits_service import all_tokens_used_today

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ANSWER_WITHIN_S = 5.0
_WORKER_LABELS = ("host", "pid", "worker")


class _HiddenRoute(APIRoute):
    """A route that in production is not there for other methods than its own: 405 would tell of it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match fully or, in production, not at all."""
        match, child_scope = super().matches(scope)
        if match is Match.PARTIAL and scope["app"].state.settings.is_production:
            return Match.NONE, {}
        return match, child_scope


router = APIRouter(tags=["health"], route_class=_HiddenRoute)


@router.get(
    "/metrics",
    summary="Measurements for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The measurements"},
        **problem_responses(404, 503),
    },
)
async def read_metrics(request: Request, settings: SettingsNow, now: Now) -> Response:
    """Return what waits, what runs and who works, now.

    In production the answer needs `Authorization: Bearer METRICS_TOKEN`; without it nothing seems to be here.
    """
    if not _may_read(request, settings):
        raise HTTPException(404)
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S), database_of(request).transaction() as tx:
            measured = Measured(
                waiting=await queue_depth(tx, WRITE_DOCUMENT),
                oldest_wait_s=await oldest_wait_s(tx, WRITE_DOCUMENT),
                jobs=await count_jobs(tx),
                workers=await list_workers(tx, now),
                tokens_today=await all_tokens_used_today(tx, now),
                own_models=request.app.state.composers.gateway.measured(),
            )
    except TimeoutError as error:
        raise DatabaseAway(type(error).__name__) from error
    return Response(in_prometheus_text(measured), media_type=_TYPE)


@router.get("/metrics/", include_in_schema=False)
async def refuse_slash() -> None:
    """Answer 404: the framework would lead from here to the address without the slash, and so tell of it."""
    raise HTTPException(404)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is told of an installation at one moment.

    waiting: jobs in the queue that no worker has taken; oldest_wait_s: how long the first of them has been
    ready for one, 0 when none waits. jobs: by status. workers: those that live. tokens_today: since midnight UTC.
    own_models: the models that this web server called.
    """

    waiting: int
    oldest_wait_s: float
    jobs: Mapping[str, int]
    workers: Sequence[Worker]
    tokens_today: int = 0
    own_models: Sequence[ModelMeasured] = ()


def in_prometheus_text(measured: Measured) -> bytes:
    """Return the measurements in the text format of Prometheus, version 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Families(measured))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, measured: Measured) -> None:
        self._measured = measured

    def collect(self) -> Iterator[Metric]:
        """Yield each family of measurements."""
        measured, workers = self._measured, self._measured.workers
        yield GaugeMetricFamily("tesigo_queue_waiting_jobs", "Jobs that wait for a worker.", measured.waiting)
        yield GaugeMetricFamily(
            "tesigo_queue_oldest_wait_seconds",
            "How long the job that has waited longest is waiting, 0 when none waits.",
            measured.oldest_wait_s,
        )
        jobs = GaugeMetricFamily("tesigo_jobs", "Jobs by status.", labels=("status",))
        for status, count in measured.jobs.items():
            jobs.add_metric((status,), count)
        yield jobs
        yield GaugeMetricFamily("tesigo_workers_alive", "Worker processes that live.", len(workers))
        yield GaugeMetricFamily(
            "tesigo_workers_capacity_jobs",
            "Jobs that all workers together take at a time.",
            sum(worker.capacity for worker in workers),
        )
        yield GaugeMetricFamily(
            "tesigo_workers_running_jobs",
            "Jobs that all workers together run.",
            sum(worker.running for worker in workers),
        )
        capacity = GaugeMetricFamily(
            "tesigo_worker_capacity_jobs", "Jobs that a worker takes at a time.", labels=_WORKER_LABELS
        )
        running = GaugeMetricFamily(
            "tesigo_worker_running_jobs", "Jobs that a worker runs.", labels=_WORKER_LABELS
        )
        for worker in workers:
            labels = (worker.host, str(worker.pid), str(worker.id))
            capacity.add_metric(labels, worker.capacity)
            running.add_metric(labels, worker.running)
        yield capacity
        yield running
        yield GaugeMetricFamily(
            "tesigo_tokens_today",
            "Tokens that all users have used since midnight UTC.",
            measured.tokens_today,
        )
        yield from _model_families(
            [(str(worker.id), worker.models) for worker in workers] + [("web", measured.own_models)]
        )


def _model_families(told: Sequence[tuple[str, Sequence[ModelMeasured]]]) -> Iterator[Metric]:
    """Yield what each process tells of each model: a worker by its id, this web server as "web"."""
    labels = ("worker", "model")
    attempts = CounterMetricFamily(
        "tesigo_model_attempts", "Calls of a model that ended, by outcome.", labels=(*labels, "outcome")
    )
    breaker = GaugeMetricFamily(
        "tesigo_model_breaker_state", "1 for the state that the breaker is in.", labels=(*labels, "state")
    )
    window = GaugeMetricFamily("tesigo_model_window_calls", "Calls that may run at once.", labels=labels)
    running = GaugeMetricFamily("tesigo_model_running_calls", "Calls that run.", labels=labels)
    for worker, models in told:
        for model in models:
            named = (worker, model.model)
            for outcome, count in model.attempts.items():
                attempts.add_metric((*named, outcome), count)
            for state in BreakerState:
                breaker.add_metric((*named, state), float(model.breaker == state))
            window.add_metric(named, model.window)
            running.add_metric(named, model.at_work)
    yield from (attempts, breaker, window, running)


def _may_read(request: Request, settings: Settings) -> bool:
    if not settings.is_production:
        return True
    if settings.metrics_token is None:
        return False
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    expected = settings.metrics_token.get_secret_value()
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected.encode())
