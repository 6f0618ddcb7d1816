"""A process that holds an embedded PostgreSQL: JSON lines out, words in. Run by the tests of embedded_postgres.

Says {"url": …} or {"failure": …, "code": …, "log_tail": …}; on "release" releases and says so.
"""

import argparse
import json
import resource
import signal
import sys
from pathlib import Path

import structlog

from tesigo.kit.embedded_postgres import EmbeddedPostgres
from tesigo.kit.postgres_account import DatabaseUnavailable


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where whoever began the tests ignores it
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("system_folder", type=Path)
    parser.add_argument("--file-bytes", type=int)
    asked = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if asked.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (asked.file_bytes, asked.file_bytes))
    postgres = EmbeddedPostgres(asked.home, system_folder=asked.system_folder)
    say(waiting=True)
    sys.stdin.readline()
    try:
        say(url=postgres.acquire())
    except DatabaseUnavailable as failure:
        say(failure=failure.message, code=failure.code, log_tail=failure.log_tail)
    sys.stdin.readline()
    postgres.release()
    say(released=True)


if __name__ == "__main__":
    main()
