"""`make fuzz`: 20,000 mutated uploads and references (FUZZ_COUNT), made by FUZZ_SEED; FUZZ_CASE reads one again.

Each is read as the service reads it, in its child processes. Ends with 1 when a process died, hung, took too much
memory, or let anything else out than a source or a refusal; such files are kept in out/fuzz under seed and number.
"""

import os
import random
import sys
import time
from pathlib import Path

from tests.fuzz.campaign import Campaign, judge, write_troubles
from tests.fuzz.seeds import gather_seeds

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TESIGO_SHARED_DATA", ROOT.parent / "shared" / "data"))
_PROCESSES = 2 * (os.cpu_count() or 1)
"""Most of the time of a reading process is waiting for its child."""


def main() -> None:
    """Run, print, and say by the exit code whether all is well."""
    seed = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(1 << 32))
    if not DATA.is_dir():
        print(f"no real inputs: {DATA} is absent (TESIGO_SHARED_DATA); files of our own are mutated alone")
    if os.environ.get("FUZZ_CASE"):
        print(judge(int(os.environ["FUZZ_CASE"]), seed, gather_seeds(DATA)))
        return
    count = int(os.environ.get("FUZZ_COUNT") or 20_000)
    print(f"FUZZ_SEED={seed} FUZZ_COUNT={count}", flush=True)
    began_s = time.monotonic()
    report = Campaign(DATA, seed, _PROCESSES).run(range(count))
    print(*report.lines(), sep="\n")
    print(f"took {time.monotonic() - began_s:.0f} s")
    write_troubles(report, DATA, ROOT / "out" / "fuzz")
    sys.exit(bool(report.troubles))


if __name__ == "__main__":
    main()
