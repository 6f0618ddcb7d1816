"""The fault storm of the acceptance: `make storm`.

Settings by the environment: STORM_DOCUMENTS (100), STORM_SEED (drawn and printed). Ends with 1 when a promise was
broken.
"""

import asyncio
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.storm.storm import Plan, run

from tesigo.kit.log import configure_logs

_SHOWN = 40


def main() -> int:
    """Run the storm, print what happened; return the exit code."""
    configure_logs(json=False, level="CRITICAL")
    seed = int(os.environ.get("STORM_SEED") or random.SystemRandom().randrange(1_000_000))
    plan = Plan(documents=int(os.environ.get("STORM_DOCUMENTS", "100")), seed=seed)
    print(f"{plan.documents} documents, {plan.rate:.0%} of calls fail, STORM_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tesigo-storm-") as name:
        report = asyncio.run(run(plan, Path(name)))
    print(report.table())
    for broken in report.broken[:_SHOWN]:
        print(f"! {broken}")
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
