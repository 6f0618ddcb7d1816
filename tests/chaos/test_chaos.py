"""A short storm; `make chaos` is the long one."""

import asyncio

import pytest
from tests.chaos.clusters import can_start_server
from tests.chaos.crew import KINDS
from tests.chaos.storm import Plan, run
from tests.databases import EMBEDDED, SERVER, admin_url

pytestmark = pytest.mark.breakdown

_SEED = 20261123


@pytest.mark.parametrize("server", [EMBEDDED, SERVER])
def test_nothing_is_lost_or_written_twice_while_workers_and_the_database_are_killed(tmp_path, server):
    if server == SERVER and not can_start_server():
        admin_url(SERVER)
    plan = Plan(
        server=server,
        seed=_SEED,
        seconds=12,
        documents=12,
        fewest_unfinished=3,
        workers=3,
        users=3,
        pause_beyond_lease_s=(2, 3),
    )
    report = asyncio.run(run(plan, tmp_path))
    assert not report.faults, "\n".join([report.table(), *report.faults])
    assert {blow.kind for blow in report.blows} == set(KINDS)
    assert report.documents >= plan.documents
    assert len(report.calls) - sum(report.repeated.values()) == report.sections + report.documents
