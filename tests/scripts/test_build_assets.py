"""The build of the pages' files: from Python alone, and quick when there is nothing to do."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "src" / "tesigo" / "web" / "static"
FONTS = ROOT / "src" / "tesigo" / "export" / "fonts"
LOCK = ROOT / "ui" / "package-lock.json"


def build() -> subprocess.CompletedProcess[str]:
    script = ROOT / "scripts" / "build_assets.py"
    environment = {"PATH": "/nowhere"}  # no Node but the one that comes as a wheel
    return subprocess.run(
        [sys.executable, script], cwd="/", env=environment, capture_output=True, text=True, check=False
    )


def test_a_second_build_has_nothing_to_do_and_says_nothing():
    first = build()
    assert first.returncode == 0, first.stderr
    began = time.perf_counter()
    second = build()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert time.perf_counter() - began < 3


def test_what_is_built_is_named_by_its_content_and_listed():
    assert build().returncode == 0
    manifest = json.loads((STATIC / "manifest.json").read_text())
    assert manifest.keys() == {"app.css", "app.js", "icon.svg"}
    for plain, built in manifest.items():
        stem, suffix = plain.split(".")
        assert re.fullmatch(rf"{stem}-[A-Z0-9]{{8}}\.{suffix}", built)
        assert (STATIC / built).stat().st_size > 100
    assert {file.suffix for file in FONTS.iterdir()} >= {".ttf"}
    assert (FONTS / "LICENSE_FONT").is_file()


def test_the_lock_names_versions_and_hashes_but_no_host():
    packages = json.loads(LOCK.read_text())["packages"]
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-")
    assert all(re.fullmatch(r"[\d.]+", wanted) for wanted in packages[""]["dependencies"].values())
