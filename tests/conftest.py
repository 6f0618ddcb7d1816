"""What every test may ask for."""

import os
from pathlib import Path

import pytest
import structlog

ROOT = Path(__file__).resolve().parent.parent


structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        # plainly: a traceback in colours, with the values of its variables, takes a second
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real papers and uploads, which stands beside the project and not in it."""
    folder = Path(os.environ.get("TESIGO_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real inputs: {folder} is absent; set TESIGO_SHARED_DATA")
    return folder
