"""Every setting of an installation, checked at the start: a wrong value stops it with one clear sentence."""

import json
import os
import re
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tesigo.kit.errors import Invalid
from tesigo.kit.secret_keys import broken_rule

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CLONE = Path(__file__).resolve().parents[3]
_SHORTEST_TOKEN = 16

_LATER = re.compile(r"s3_\w+|stripe_\w+|price_per_page_cents|currency")
"""Settings that are checked, but that nothing in this version uses yet."""


class Environment(StrEnum):
    """Where this installation runs; production is strict where development is convenient."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


def default_data_folder() -> Path:
    """Return `data` in the clone that this code runs from, else the user's own data folder."""
    if (_CLONE / "pyproject.toml").is_file():
        return _CLONE / "data"
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "tesigo"


_Count = Annotated[int, Field(ge=1)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_List = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """All settings; each is the environment variable of the same name in capitals, or a line of `.env`.

    Read once by `entry`, and handed down as values: nothing below reads the environment.
    """

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    debug: bool = False
    data_dir: Path = Field(default_factory=default_data_folder)
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: _List = ()
    admin_emails: _List = ()

    secret_key: SecretStr | None = None
    jwt_secret: SecretStr | None = None

    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    s3_endpoint: str = ""
    s3_bucket: str = ""
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = ""

    openai_api_key: SecretStr | None = None
    openai_base_url: str = ""
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: str = ""
    default_model: str = ""
    models_file: Path | None = None
    fallback_models: Annotated[dict[str, list[str]], NoDecode] = Field(default_factory=dict)
    retry_delays_s: Annotated[tuple[float, ...], NoDecode] = (2, 4, 8, 16, 32)
    breaker_failures: _Count = 5
    breaker_recovery_s: _Seconds = 60
    model_connect_s: _Seconds = 10
    model_first_token_s: _Seconds = 60
    model_total_s: _Seconds = 600
    model_concurrency: _Count = 64
    daily_token_limit: int | None = Field(1_000_000, ge=0)
    log_model_texts: bool = False

    semantic_scholar_enabled: bool = False
    semantic_scholar_api_key: SecretStr | None = None
    semantic_scholar_base_url: str = ""
    openalex_enabled: bool = False
    openalex_api_key: SecretStr | None = None
    openalex_base_url: str = ""
    crossref_enabled: bool = False
    crossref_base_url: str = ""
    arxiv_enabled: bool = False
    arxiv_base_url: str = ""
    perplexity_api_key: SecretStr | None = None
    perplexity_model: str = "sonar"
    perplexity_base_url: str = ""
    tavily_api_key: SecretStr | None = None
    tavily_base_url: str = ""
    zotero_api_key: SecretStr | None = None
    zotero_base_url: str = ""
    search_timeout_s: _Seconds = 15
    search_cache_days: int = Field(7, ge=0)
    contact_email: str = ""

    stripe_secret_key: SecretStr | None = None
    stripe_webhook_secret: SecretStr | None = None
    stripe_api_base: str = ""
    price_per_page_cents: int = Field(50, ge=0)
    currency: str = Field("eur", pattern=r"^[a-z]{3}$")

    max_upload_mb: _Count = 20
    max_documents: _Count = 1_000
    max_sources: _Count = 5_000
    max_stored_mb: _Count = 1_024
    sign_in_limit: _Count = 5
    generation_limit: _Count = 120
    upload_limit: _Count = 600
    export_limit: _Count = 240
    min_workers: _Count = 2
    max_workers: _Count = 10
    section_concurrency: _Count = 4
    checkpoint_interval_s: _Seconds = 300
    worker_grace_s: _Seconds = 30
    metrics_token: SecretStr | None = None

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, values: dict[str, Any]) -> dict[str, Any]:
        filled = {name: value for name, value in values.items() if value != ""}
        if values.get("daily_token_limit") == "":
            filled["daily_token_limit"] = None  # empty means no limit, where unset means the default
        return filled

    @field_validator("fallback_models", mode="before")
    @classmethod
    def _parse_json(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            raise ValueError('must be JSON such as {"gpt-4": ["gpt-4-turbo"]}') from None

    @field_validator("trusted_proxies", "admin_emails", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("data_dir")
    @classmethod
    def _expand_home(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("admin_emails")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ADDRESS.fullmatch(address) for address in value):
            raise ValueError("must be e-mail addresses with commas between them")
        return tuple(address.lower() for address in value)

    @field_validator("contact_email")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not (value.isascii() and value.isprintable() and _ADDRESS.fullmatch(value)):
            raise ValueError("must be an e-mail address in ASCII")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(ip_network(each)) for each in value)
        except ValueError:
            raise ValueError(
                "must be IP addresses or networks such as 10.0.0.0/8, with commas between"
            ) from None

    @field_validator("retry_delays_s", mode="before")
    @classmethod
    def _are_seconds(cls, value: Any) -> Any:
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if not parts or not all(re.fullmatch(r"\d+(\.\d+)?", str(part)) for part in parts):
            raise ValueError("must be seconds with commas between them, such as 2,4,8,16,32")
        return tuple(float(part) for part in parts)

    @field_validator("fallback_models")
    @classmethod
    def _have_names(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        if not all(name.strip() for names in value.items() for name in (names[0], *names[1])):
            raise ValueError("must name models, each with a list of those that take its place")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgresql+asyncpg://")):
            raise ValueError("must begin with postgresql:// or postgresql+asyncpg://")
        if value and not _is_well_formed(value.get_secret_value()):
            raise ValueError("must be postgresql://USER:PASSWORD@HOST:PORT/NAME; percent-encode signs in it")
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        if value and not _is_well_formed(value.get_secret_value()):
            raise ValueError("must be redis://USER:PASSWORD@HOST:PORT/DATABASE; percent-encode signs in it")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("must begin with smtp:// or smtps://")
        return value

    @field_validator(
        "public_url", "s3_endpoint", "openai_base_url", "anthropic_base_url", "semantic_scholar_base_url",
        "openalex_base_url", "crossref_base_url", "arxiv_base_url", "perplexity_base_url",
        "tavily_base_url", "zotero_base_url", "stripe_api_base",
    )  # fmt: skip
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not (re.fullmatch(r"https?://[^\s/]+(/\S*)?", value) and _is_well_formed(value)):
            raise ValueError("must be an address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("secret_key", "jwt_secret")
    @classmethod
    def _is_strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value and (rule := broken_rule(value.get_secret_value())):
            raise ValueError(rule)
        return value

    @field_validator("metrics_token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) < _SHORTEST_TOKEN:
            raise ValueError(f"must be at least {_SHORTEST_TOKEN} characters long")
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.min_workers > self.max_workers:
            raise ValueError("MIN_WORKERS must not be above MAX_WORKERS")
        if (self.secret_key is None) != (self.jwt_secret is None):
            raise ValueError(
                "SECRET_KEY and JWT_SECRET must be set together; scripts/generate_secrets.py makes a pair"
            )
        if self.secret_key and self.secret_key == self.jwt_secret:
            raise ValueError("SECRET_KEY and JWT_SECRET must differ")
        if self.environment is Environment.PRODUCTION:
            self._fit_for_production()
        return self

    def _fit_for_production(self) -> None:
        if self.secret_key is None:
            raise ValueError(
                "SECRET_KEY and JWT_SECRET must be set in production; "
                "scripts/generate_secrets.py makes a pair"
            )
        if not self.public_url:
            raise ValueError("PUBLIC_URL must be set in production: links in mails are made from it")
        if self.debug:
            raise ValueError("DEBUG must be off in production")

    @property
    def is_production(self) -> bool:
        """Whether strict rules hold: secure cookies, closed documentation, JSON logs."""
        return self.environment is Environment.PRODUCTION

    @property
    def base_url(self) -> str:
        """The address under which people reach this installation, without a slash at its end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def without_effect(self) -> tuple[str, ...]:
        """The names of the variables that are set although nothing in this version uses them yet."""
        return tuple(name.upper() for name in sorted(self.model_fields_set) if _LATER.fullmatch(name))

    @property
    def searches_outside(self) -> bool:
        """Whether any service outside is enabled that is searched for sources."""
        switches = (
            self.semantic_scholar_enabled, self.openalex_enabled, self.crossref_enabled, self.arxiv_enabled,
            self.perplexity_api_key, self.tavily_api_key,
        )  # fmt: skip
        return any(switches)

    @property
    def mail_sender(self) -> str:
        """From whom mails come: MAIL_FROM, else an address at the host of PUBLIC_URL."""
        return self.mail_from or f"TesiGo <no-reply@{urlsplit(self.base_url).hostname}>"


def load_settings(**given: Any) -> Settings:
    """Return the settings: those `given` first, then the environment, `.env`, and files in SECRETS_DIR.

    SECRETS_DIR (default: /run/secrets): a folder whose files are named as the variables, in any case.
    Raises Invalid with a sentence for each wrong variable: its name and the rule, never its value.
    """
    secrets = Path(os.environ.get("SECRETS_DIR", "/run/secrets"))
    try:
        return Settings(**{"_secrets_dir": secrets if secrets.is_dir() else None, **given})
    except ValidationError as error:
        raise Invalid("\n".join(_sentence(fault) for fault in error.errors()), code="wrong_setting") from None
    except (OSError, UnicodeDecodeError):
        raise Invalid("The file .env cannot be read: it must be UTF-8 text.", code="wrong_setting") from None


def _is_well_formed(address: str) -> bool:
    try:
        _ = urlsplit(address).port
    except ValueError:
        return False
    return True


def _sentence(fault: Any) -> str:
    rule = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return f"{rule}."
    return f"{str(fault['loc'][0]).upper()}: {rule[0].lower()}{rule[1:]}."
