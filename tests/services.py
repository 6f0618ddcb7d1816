"""What a test needs of the machine, besides this project."""

import os

import pytest


def missing(why: str) -> None:
    """Skip the test for this reason; fail it where TESIGO_REQUIRE_SERVICES=1 promises that everything is there."""
    if os.environ.get("TESIGO_REQUIRE_SERVICES") == "1":
        pytest.fail(why)
    pytest.skip(why)
