"""Make the hashed locks in `requirements/` anew from `pyproject.toml`.

Each names versions and hashes, never an index: it installs from whichever one the machine uses.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
COMPILE = (
    sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal",
    "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header",
)  # fmt: skip


def main() -> None:
    """Write one lock for what runs, then one for each group, with the same versions where they share a package."""
    subprocess.run((*COMPILE, "pyproject.toml", "--output-file", LOCKS / "run.txt"), cwd=ROOT, check=True)
    for group in ("build", "test", "check"):
        lock = LOCKS / f"{group}.txt"
        shared = ("--constraints", LOCKS / "run.txt", "--group", group)
        subprocess.run((*COMPILE, *shared, "--output-file", lock), cwd=ROOT, check=True)
    print("The locks in requirements/ are up to date; read the difference before you commit it.")


if __name__ == "__main__":
    main()
