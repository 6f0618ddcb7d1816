import os
import subprocess
import sys
from pathlib import Path

import pytest

from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings, load_settings

GOOD_KEY, OTHER_KEY = "k3y-" * 8, "0ther-k3y-" * 4
PRODUCTION = {
    "ENVIRONMENT": "production",
    "PUBLIC_URL": "https://tesigo.example.org",
    "SECRET_KEY": GOOD_KEY,
    "JWT_SECRET": OTHER_KEY,
}
WRONG_VALUES = [
    ("ENVIRONMENT", "staging", "production"),
    ("DEBUG", "perhaps", "boolean"),
    ("PORT", "65536", "less than or equal to 65535"),
    ("PORT", "eighty", "integer"),
    ("PUBLIC_URL", "tesigo.example.org", "https://"),
    ("PUBLIC_URL", "https://[fe80", "https://"),
    ("PUBLIC_URL", "https://tesigo.example.org:eighty", "https://"),
    ("S3_ENDPOINT", "s3.example.org", "https://"),
    ("STRIPE_API_BASE", "ftp://stripe.example.org", "https://"),
    ("ADMIN_EMAILS", "boss@example.com, somebody", "e-mail addresses"),
    ("DATABASE_URL", "mysql://u:hushhush@db/tesigo", "postgresql://"),
    ("DATABASE_URL", "postgresql://u:hushhush@db:port/tesigo", "postgresql://"),
    ("REDIS_URL", "http://redis:6379", "redis://"),
    ("REDIS_URL", "redis://:hushhush@redis:port/0", "redis://"),
    ("REDIS_URL", "redis://:hushhush@[fe80/0", "redis://"),
    ("SMTP_URL", "mail.example.org:25", "smtp://"),
    ("FALLBACK_MODELS", "gpt-5-mini", "JSON"),
    ("FALLBACK_MODELS", "[3141]", "dictionary"),
    ("FALLBACK_MODELS", '{"gpt-4": "gpt-3"}', "list"),
    ("RETRY_DELAYS_S", "2,4,soon", "seconds"),
    ("RETRY_DELAYS_S", ", ,", "seconds"),
    ("DAILY_TOKEN_LIMIT", "-31415", "greater than or equal to 0"),
    ("SEARCH_TIMEOUT_S", "0.0", "greater than 0"),
    ("SEARCH_CACHE_DAYS", "-31415", "greater than or equal to 0"),
    ("CONTACT_EMAIL", "library at example.org", "e-mail address"),
    ("CONTACT_EMAIL", "бібліотека@example.org", "ASCII"),
    ("WORKER_GRACE_S", "infinity", "finite"),
    ("METRICS_TOKEN", "fifteen-letters", "at least 16"),
    ("MIN_WORKERS", "0", "greater than or equal to 1"),
    ("MAX_UPLOAD_MB", "31.415", "integer"),
    ("CURRENCY", "EURO", "pattern"),
]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)  # away from a developer's own .env


@pytest.mark.parametrize(("name", "value", "rule"), WRONG_VALUES)
def test_a_wrong_value_is_told_by_its_name_and_rule_and_never_by_the_value(name, value, rule, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        load_settings()
    assert refused.value.message.startswith(f"{name}: ")
    assert rule in refused.value.message
    assert value.lower() not in refused.value.message.lower()


def test_all_wrong_values_are_told_at_once(monkeypatch):
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("DEBUG", "perhaps")
    with pytest.raises(Invalid) as refused:
        load_settings()
    assert [line.partition(":")[0] for line in refused.value.message.splitlines()] == ["DEBUG", "PORT"]


def test_fewer_workers_at_most_than_at_least_are_refused(monkeypatch):
    monkeypatch.setenv("MIN_WORKERS", "11")
    with pytest.raises(Invalid, match="MIN_WORKERS must not be above MAX_WORKERS"):
        load_settings()


@pytest.mark.parametrize(
    ("pair", "rule"),
    [
        ({"SECRET_KEY": "x" * 31, "JWT_SECRET": OTHER_KEY}, "SECRET_KEY: must be at least 32"),
        ({"SECRET_KEY": GOOD_KEY, "JWT_SECRET": "x" * 31}, "JWT_SECRET: must be at least 32"),
        *(
            (
                {"SECRET_KEY": GOOD_KEY, "JWT_SECRET": f"{word}{'x' * 40}"},
                f'contain the word "{word.lower()}"',
            )
            for word in ("secret", "Password", "TEST", "aDmIn")
        ),
        ({"SECRET_KEY": GOOD_KEY, "JWT_SECRET": GOOD_KEY}, "must differ"),
        ({"SECRET_KEY": GOOD_KEY}, "must be set together"),
        ({"JWT_SECRET": GOOD_KEY}, "must be set together"),
    ],
)
def test_keys_that_break_a_rule_are_refused_without_being_told(pair, rule, monkeypatch):
    for name, key in pair.items():
        monkeypatch.setenv(name, key)
    with pytest.raises(Invalid) as refused:
        load_settings()
    assert rule in refused.value.message
    assert not any(key in refused.value.message for key in pair.values())


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"SECRET_KEY": "", "JWT_SECRET": ""}, "SECRET_KEY and JWT_SECRET must be set in production"),
        ({"PUBLIC_URL": ""}, "PUBLIC_URL must be set in production"),
        ({"DEBUG": "true"}, "DEBUG must be off in production"),
    ],
)
def test_production_demands_keys_an_address_and_no_debugging(changed, rule, monkeypatch):
    for name, value in {**PRODUCTION, **changed}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid, match=rule):
        load_settings()


def test_production_starts_with_what_it_demands(monkeypatch):
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.is_production
    assert settings.base_url == PRODUCTION["PUBLIC_URL"]
    assert GOOD_KEY not in repr(settings)


@pytest.mark.parametrize(("value", "limit"), [(None, 1_000_000), ("", None), ("0", 0), ("5", 5)])
def test_an_empty_token_limit_means_none_and_an_unset_one_the_default(value, limit, monkeypatch):
    if value is not None:
        monkeypatch.setenv("DAILY_TOKEN_LIMIT", value)
    assert load_settings().daily_token_limit == limit


def test_an_empty_variable_is_an_unset_one(monkeypatch):
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("DATABASE_URL", "")
    settings = load_settings()
    assert (settings.port, settings.database_url) == (8000, None)


def test_a_file_of_settings_that_is_no_text_is_refused_with_a_sentence(tmp_path):
    (tmp_path / ".env").write_bytes(b"PUBLIC_URL=\xff\xfe")
    with pytest.raises(Invalid, match=r"\.env"):
        load_settings()


def test_a_data_folder_below_home_is_found(monkeypatch):
    monkeypatch.setenv("DATA_DIR", "~/tesigo")
    assert load_settings().data_dir == Path.home() / "tesigo"


def test_the_command_prints_the_sentence_and_ends_with_2():
    ended = subprocess.run(
        [sys.executable, "-m", "tesigo.entry.cli", "serve"],
        env={**os.environ, "PORT": "314159"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "tesigo: PORT: input should be less than or equal to 65535.\n"
    assert ended.stdout == ""
