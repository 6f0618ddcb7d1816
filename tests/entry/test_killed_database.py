import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.processes import served

from tesigo.kit.postgres_server import RunningServer, find_server

pytestmark = pytest.mark.breakdown


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder that the database's account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="tesigo-killed-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def server_of(folder: Path) -> RunningServer:
    server = find_server(folder / "data" / "postgresql" / "data")
    assert server is not None
    return server


async def test_an_embedded_database_that_was_killed_is_brought_back_while_everything_runs(
    folder: Path,
) -> None:
    async with served(folder) as (running, address), httpx.AsyncClient(base_url=address) as client:
        await running.until_printed("worker ready")
        killed = server_of(folder)
        os.kill(killed.pid, signal.SIGKILL)
        await running.until_printed("the embedded database is gone")
        async with asyncio.timeout(60):
            while (await client.get("/health/ready")).status_code != 200:  # noqa: ASYNC110 - asked from outside
                await asyncio.sleep(0.1)
        assert server_of(folder).pid != killed.pid
        answer = await client.post("/api/v1/auth/magic-link", json={"email": "ada@example.com"})
        assert answer.status_code == 202
