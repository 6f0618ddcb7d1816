"""A short storm; `make storm` is the whole one."""

from pathlib import Path

import pytest
from tests.storm.storm import WAYS, Plan, run

pytestmark = pytest.mark.breakdown


async def test_every_document_is_written_through_a_storm_of_faults_and_every_failure_is_accounted_for(
    tmp_path: Path,
):
    report = await run(Plan(documents=15, seed=1, within_s=150), tmp_path)
    assert report.broken == [], report.table()
    assert report.sections >= 15 * 5
    assert len(report.failed) >= len(WAYS) - 5, "the storm was too small to meet most ways of failing"
