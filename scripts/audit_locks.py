"""Ask the advisory database about every locked package; where it cannot be reached, say so and go on.

Exit code 1 when an advisory names a version that we lock.
"""

import subprocess
import sys
from pathlib import Path

LOCKS = sorted((Path(__file__).resolve().parent.parent / "requirements").glob("*.txt"))
UNREACHABLE = (
    "ConnectionError",
    "ServiceError",
    "NameResolutionError",
    "Max retries",
    "HTTPError",
    "Timeout",
)


def main() -> int:
    """Audit each lock."""
    for lock in LOCKS:
        audit = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes", "--disable-pip",
             "--progress-spinner", "off", "--timeout", "10"],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        if audit.returncode == 0:
            print(f"{lock.name}: no known advisory")
            continue
        told = audit.stderr + audit.stdout
        if "Known vulnerabilities" in told or "Found " in told:
            print(told)
            return 1
        if any(sign in told for sign in UNREACHABLE):
            print(f"{lock.name}: not audited, the advisory database cannot be reached from here")
            continue
        print(told)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
