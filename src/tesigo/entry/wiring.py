"""Which adapter serves which port: the only place that decides it, by the settings alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from tesigo.accounts.ports import Mailer
from tesigo.adapters.anthropic_models import AnthropicModels
from tesigo.adapters.folder_files import FolderFiles
from tesigo.adapters.folder_mail import FolderMail
from tesigo.adapters.library_search import LibrarySearch
from tesigo.adapters.memory_rates import MemoryRates
from tesigo.adapters.openai_models import OpenAiModels
from tesigo.adapters.redis_checkpoints import RedisCheckpoints
from tesigo.adapters.redis_rates import RedisRates
from tesigo.adapters.search_answers import DatabaseAnswers
from tesigo.adapters.smtp_mail import SmtpMail
from tesigo.documents.ports import FileStore, RecordLookup
from tesigo.entry.searches import open_records, open_searches
from tesigo.export.rendering import count_pages
from tesigo.gateway.attempt import TimeLimits
from tesigo.gateway.catalogue import UnknownModel, load_catalogue
from tesigo.gateway.gateway import Gateway, GatewayRules, ModelNotAvailable
from tesigo.gateway.persistence import RetryRules
from tesigo.gateway.ports import Provider
from tesigo.generation.ports import CheckpointCopies, NoCopies
from tesigo.generation.tasks import Tools
from tesigo.kit.clock import Clock, system_clock
from tesigo.kit.db import Database
from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.errors import Invalid
from tesigo.kit.notify import News
from tesigo.kit.postgres_account import DatabaseUnavailable
from tesigo.kit.rates import Rates, RateStore
from tesigo.kit.secret_keys import KeyPair, kept_pair
from tesigo.kit.settings import Settings
from tesigo.writing.composers import Composers

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class House:
    """What one process of an installation holds: settings, connections, and an adapter for each port.

    outbox: where mails are kept that no mail server took; with one, those of the time before it.
    """

    settings: Settings
    clock: Clock
    keys: KeyPair
    database: Database
    news: News
    mailer: Mailer
    outbox: FolderMail
    files: FileStore
    records: RecordLookup
    rates: Rates
    composers: Composers
    tools: Tools


@asynccontextmanager
async def open_house(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    announce_mail: Callable[[str], None] | None = None,
) -> AsyncIterator[House]:
    """Yield what this process needs; the embedded database runs at least as long.

    announce_mail: in development, where mails become files, gets each mail in words.
    Raises Unavailable when the embedded database cannot run.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = _keys(settings)
    async with (
        _copies(settings, keys) as copies,
        _rate_store(settings) as rate_store,
        open_composers(settings) as composers,
        _database_url(settings) as url,
        _open_database(url) as database,
        open_searches(settings, clock=clock, answers=DatabaseAnswers(database)) as searches,
        open_records(settings) as records,
    ):
        news = News(url)
        outbox = _outbox(settings, clock, announce_mail)
        yield House(
            settings=settings,
            clock=clock,
            keys=keys,
            database=database,
            news=news,
            mailer=_mailer(settings, clock, outbox),
            outbox=outbox,
            files=FolderFiles(settings.data_dir / "files"),
            records=records,
            composers=composers,
            rates=Rates(rate_store, settings, secret=keys.secret_key),
            tools=Tools(
                database=database,
                clock=clock,
                composers=composers,
                searches=(LibrarySearch(database), *searches),
                search_timeout_s=settings.search_timeout_s,
                count_pages=count_pages,
                news=news,
                copies=copies,
                section_concurrency=settings.section_concurrency,
                checkpoint_interval_s=settings.checkpoint_interval_s,
                daily_token_limit=settings.daily_token_limit,
            ),
        )


@asynccontextmanager
async def open_composers(settings: Settings, *, model: str | None = None) -> AsyncIterator[Composers]:
    """Give those who can write here: the offline writer, and the models of each provider that is set up.

    model: the default in the place of that of the settings; whoever runs the command may name any.

    OpenAI's provider is set up by a key or by the address of a server that may want none, Anthropic's by a key.
    Raises Invalid naming the setting for models that do not exist or cannot be reached.
    """
    catalogue = load_catalogue(settings.models_file, fallbacks=settings.fallback_models)
    async with AsyncExitStack() as opened:
        providers: dict[str, Provider] = {}
        if settings.openai_api_key or settings.openai_base_url:
            openai = OpenAiModels(
                settings.openai_base_url, settings.openai_api_key, connect_s=settings.model_connect_s
            )
            opened.push_async_callback(openai.aclose)
            providers["openai"] = openai
        if settings.anthropic_api_key:
            anthropic = AnthropicModels(
                settings.anthropic_base_url, settings.anthropic_api_key, connect_s=settings.model_connect_s
            )
            opened.push_async_callback(anthropic.aclose)
            providers["anthropic"] = anthropic
        gateway = Gateway(providers, catalogue, _rules(settings))
        opened.callback(gateway.close)
        yield Composers(gateway, default=model) if model else _composers(gateway, settings)


def _composers(gateway: Gateway, settings: Settings) -> Composers:
    try:
        return Composers(gateway, default=settings.default_model)
    except (UnknownModel, ModelNotAvailable) as wrong:
        raise Invalid(f"DEFAULT_MODEL: {wrong.message}", code="wrong_setting") from wrong


def _rules(settings: Settings) -> GatewayRules:
    return GatewayRules(
        retries=RetryRules(delays_s=settings.retry_delays_s, logs_texts=settings.log_model_texts),
        times=TimeLimits(first_token_s=settings.model_first_token_s, total_s=settings.model_total_s),
        breaker_failures=settings.breaker_failures,
        breaker_recovery_s=settings.breaker_recovery_s,
        most_at_once=settings.model_concurrency,
    )


@asynccontextmanager
async def _open_database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def _database_url(settings: Settings) -> AsyncIterator[str]:
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    postgres = EmbeddedPostgres(settings.data_dir)
    try:
        url = await asyncio.to_thread(postgres.acquire)
        reviving = asyncio.create_task(_revive(postgres))
        try:
            yield url
        finally:
            reviving.cancel()
            await asyncio.wait({reviving})
    finally:
        await asyncio.to_thread(postgres.release)


async def _revive(postgres: EmbeddedPostgres) -> None:
    """Bring the embedded server back whenever it was killed, until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        try:
            await asyncio.to_thread(postgres.revive)
        except DatabaseUnavailable as failure:
            log.error("the embedded database cannot be started anew", reason=failure.message)  # noqa: TRY400 - all is said


@asynccontextmanager
async def _copies(settings: Settings, keys: KeyPair) -> AsyncIterator[CheckpointCopies]:
    if settings.redis_url is None:
        yield NoCopies()
        return
    copies = RedisCheckpoints(settings.redis_url.get_secret_value(), secret=keys.secret_key)
    try:
        await copies.greet()
        yield copies
    finally:
        await copies.aclose()


@asynccontextmanager
async def _rate_store(settings: Settings) -> AsyncIterator[RateStore]:
    if settings.redis_url is None:
        yield MemoryRates()
        return
    rates = RedisRates(settings.redis_url.get_secret_value())
    try:
        yield rates
    finally:
        await rates.aclose()


def _keys(settings: Settings) -> KeyPair:
    if settings.secret_key and settings.jwt_secret:
        return KeyPair(settings.secret_key.get_secret_value(), settings.jwt_secret.get_secret_value())
    return kept_pair(settings.data_dir)


def _mailer(settings: Settings, clock: Clock, outbox: FolderMail) -> Mailer:
    if settings.smtp_url is None:
        return outbox
    return SmtpMail(settings.smtp_url.get_secret_value(), sender=settings.mail_sender, clock=clock)


def _outbox(settings: Settings, clock: Clock, announce: Callable[[str], None] | None) -> FolderMail:
    return FolderMail(
        settings.data_dir / "outbox",
        sender=settings.mail_sender,
        clock=clock,
        announce=None if settings.is_production else announce,
    )
