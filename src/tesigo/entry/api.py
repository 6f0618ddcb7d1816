"""The web application: every route and page over what the house holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from sqlalchemy import text

import tesigo
from tesigo.accounts import factor_routes, sign_ins_routes
from tesigo.accounts import routes as accounts_routes
from tesigo.accounts.renewal import RenewalMiddleware
from tesigo.administration import routes as administration_routes
from tesigo.documents import drafts_routes, requirements_routes, sources_routes
from tesigo.documents import routes as documents_routes
from tesigo.entry import metrics
from tesigo.entry.wiring import House
from tesigo.generation import control_routes, live
from tesigo.generation import routes as generation_routes
from tesigo.generation.hub import Hub
from tesigo.kit.problems import describe_problems, install_problems, problem, problem_responses
from tesigo.kit.request_limits import BodyLimit, RequestLog
from tesigo.kit.requests import database_of
from tesigo.privacy import routes as privacy_routes
from tesigo.privacy.export_places import ExportPlaces
from tesigo.usage.limits_service import tokens_used_today
from tesigo.web.assets import ADDRESS as ASSETS
from tesigo.web.headers import SecurityHeaders
from tesigo.web.site import add_pages

API = "/api/v1"
_READY_WITHIN_S = 2.0
_LARGE_BODIES_AT = (f"{API}/documents", f"{API}/generate", "/documents")
"""Where texts and files come in; whatever else takes a body takes a few short fields."""

health = APIRouter(prefix="/health", tags=["health"])


def make_app(house: House) -> FastAPI:
    """Return the application over this house, which must stay open as long as the application serves."""
    is_open = not house.settings.is_production
    app = FastAPI(
        title="TesiGo",
        version=tesigo.__version__,
        summary=tesigo.__doc__.splitlines()[0] if tesigo.__doc__ else None,
        lifespan=_lifespan,
        docs_url=None,  # the framework's page takes its scripts from another host, which our policy forbids
        redoc_url=None,
        openapi_url="/openapi.json" if is_open else None,
    )
    for name in (
        "settings", "clock", "keys", "database", "news", "files", "records", "rates", "composers", "tools",
    ):  # fmt: skip
        setattr(app.state, name, getattr(house, name))
    app.state.hub = Hub(house.database, house.news)
    app.state.export_places = ExportPlaces()
    app.state.tokens_today = tokens_used_today
    install_problems(app)
    for router in (
        accounts_routes.auth,
        accounts_routes.user,
        sign_ins_routes.router,
        factor_routes.router,
        control_routes.router,  # before the documents' own: `/documents/recover` is no id of a document
        documents_routes.router,
        sources_routes.router,
        requirements_routes.router,
        drafts_routes.router,
        generation_routes.router,
        privacy_routes.router,
        administration_routes.router,
    ):
        app.include_router(router, prefix=API)
    app.include_router(live.router)
    app.include_router(health)
    app.include_router(metrics.router)
    add_pages(app)
    app.add_middleware(RenewalMiddleware, for_all=(f"{ASSETS}/", f"{health.prefix}/"))
    app.add_middleware(BodyLimit, most_upload_mib=house.settings.max_upload_mb, large_at=_LARGE_BODIES_AT)
    app.add_middleware(SecurityHeaders, is_production=house.settings.is_production)
    app.add_middleware(RequestLog)
    _describe(app)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    listening = asyncio.create_task(app.state.news.run())
    try:
        yield
    finally:
        await app.state.hub.close()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


@health.get("/live", summary="Whether the process answers")
async def read_liveness() -> dict[str, str]:
    """Answer as long as the process can."""
    return {"status": "ok"}


@health.get("/ready", summary="Whether requests can be served", responses=problem_responses(503))
async def read_readiness(request: Request) -> JSONResponse:
    """Answer 200 when the database answers too, 503 with the part that fails."""
    try:
        async with asyncio.timeout(_READY_WITHIN_S), database_of(request).transaction() as tx:
            await tx.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is the same
        return problem(503, "not_ready", "The database does not answer.", extensions={"part": "database"})
    return JSONResponse({"status": "ok"})


def _describe(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe_problems(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
