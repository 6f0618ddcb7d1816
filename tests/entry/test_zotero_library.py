"""`tesigo library add --zotero`: the records of a library at Zotero come into the library, each once."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.adapters.test_zotero import KEY, FakeZotero
from tests.databases import create_database, drop_database, embedded_url
from tests.houses import ABSTRACTS
from tests.servers import answering

from tesigo.entry.library_command import add_files
from tesigo.kit.errors import NotFound
from tesigo.kit.settings import load_settings


async def test_a_library_at_zotero_comes_in_beside_files_each_work_once(tmp_path: Path):
    (tmp_path / "refs.jsonl").write_text("\n".join(map(json.dumps, ABSTRACTS)))
    url = await create_database(embedded_url())
    server = FakeZotero(count=150)
    async with answering(server) as address:
        settings = load_settings(
            _env_file=None,
            data_dir=tmp_path / "data",
            database_url=url,
            zotero_api_key=SecretStr(KEY),
            zotero_base_url=address,
        )
        files = [str(tmp_path / "refs.jsonl")]
        first = await add_files(files, settings, zotero=["groups/7"], on_file=lambda _file: None)
        again = await add_files([], settings, zotero=["groups/7"], on_file=lambda _file: None)
        server.script = [(404, {}, b"")]
        with pytest.raises(NotFound):
            await add_files(files, settings, zotero=["8"], on_file=lambda _file: None)
    assert (first.new, first.in_all) == (158, 158)
    assert (again.new, again.known, again.in_all) == (0, 150, 158)
    assert {path for path, _, _ in server.calls} == {"/groups/7/items", "/users/8/items"}
    await drop_database(embedded_url(), url)
