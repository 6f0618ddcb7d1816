"""An operator gets a pair of keys that the program takes."""

import subprocess
import sys
from pathlib import Path

from tesigo.kit.settings import load_settings

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_secrets.py"


def run_script() -> str:
    return subprocess.run([sys.executable, str(SCRIPT)], check=True, capture_output=True, text=True).stdout


def test_what_is_printed_is_a_valid_env_file_another_each_time(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    monkeypatch.delenv("JWT_SECRET", raising=False)
    env = tmp_path / ".env"
    env.write_text(run_script())
    settings = load_settings(_env_file=env, environment="production", public_url="https://x.example")
    assert settings.secret_key != settings.jwt_secret
    assert ".env" in env.read_text()
    assert run_script() != env.read_text()
