import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.confined_children import killed_children
from tests.fakes.files import FakeFiles
from tests.houses import ABSTRACTS, HERE

from tesigo.adapters.folder_files import FolderFiles
from tesigo.documents.export_service import attachment, export_folder, file_name
from tesigo.entry.api import make_app
from tesigo.export.formats import Format

UKRAINIAN = "Їжа, «мова» та мислення: п'ятий розділ"


@pytest.fixture
async def files(me):
    """A store that counts, in the place of the house's own."""
    app, files = make_app(me.house), FakeFiles()
    app.state.files = files
    headers = {"Authorization": me.client.headers["authorization"]}
    transport = httpx.ASGITransport(app)
    me.client = httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers, timeout=60)
    async with me.client:
        yield files


async def written(me, title: str = UKRAINIAN) -> int:
    document_id = await me.create(title, language="uk")
    (source,) = await me.add(document_id, ABSTRACTS[0])
    content = f"# Перший розділ\n\nТак кажуть [@{source['key']}].\n"
    assert (await me.put(document_id, content=content)).status_code == 200
    return document_id


async def export(me, document_id: int, wanted: str) -> httpx.Response:
    return await me.ask("GET", f"/documents/{document_id}/export?format={wanted}")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("wanted", Format)
async def test_each_format_is_a_file_of_its_kind_under_the_documents_title(me, wanted):
    answer = await export(me, await written(me), wanted)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(wanted.media_type)
    assert answer.headers["x-content-type-options"] == "nosniff"
    disposition = answer.headers["content-disposition"]
    assert disposition.isascii()
    assert (
        unquote(disposition.partition("UTF-8''")[2])
        == f"Їжа-мова-та-мислення-п-ятий-розділ.{wanted.extension}"
    )
    if wanted in (Format.DOCX, Format.ODT, Format.EPUB):
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    elif wanted is Format.PDF:
        assert answer.content.startswith(b"%PDF")
    else:
        assert ("Adams" if wanted.extension in ("bib", "ris") else "Перший розділ") in answer.text


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_written_is_nothing_to_export(me):
    answer = await export(me, await me.create(), "pdf")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_written")
    assert (await export(me, await written(me), "exe")).status_code == 422


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unchanged_document_is_rendered_once_and_a_changed_one_anew(me, files):
    document_id = await written(me)
    first = await export(me, document_id, "md")
    again = await export(me, document_id, "md")
    assert (again.content, files.times_kept) == (first.content, 1)
    name = next(iter(files.kept))
    files.kept[name] = b"from the store"
    assert (await export(me, document_id, "md")).content == b"from the store"
    for times, change in enumerate(
        ({"title": "Another title"}, {"citation_style": "ieee"}, {"content": "# One\n\nOther text.\n"}),
        start=2,
    ):
        await me.put(document_id, **change)
        assert (await export(me, document_id, "md")).content != b"from the store"
        assert files.times_kept == times


@pytest.mark.asyncio(loop_scope="module")
async def test_a_document_that_is_deleted_while_it_is_rendered_leaves_no_file(me):
    document_id = await written(me)

    async def has_been_swept() -> bool:
        async with me.house.database.transaction() as tx:
            waiting = text("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'remove_files'")
            return not await tx.scalar(waiting)

    class LateFiles(FolderFiles):
        """The house's own store, which keeps what was rendered only when the document is gone."""

        async def keep_file(self, name, content):
            assert (await me.ask("DELETE", f"/documents/{document_id}")).status_code == 204
            await until(has_been_swept)
            await super().keep_file(name, content)

    app, files = make_app(me.house), LateFiles(me.house.settings.data_dir / "files")
    app.state.files = files
    headers = {"Authorization": me.client.headers["authorization"]}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=HERE, headers=headers
    ) as client:
        answer = await client.get(f"/api/v1/documents/{document_id}/export?format=md")
    assert answer.status_code == 404

    async def is_gone() -> bool:
        return not await files.list_files(export_folder(document_id))

    await until(is_gone)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.01)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_export_that_the_machine_stops_is_to_be_asked_for_again(me, files):
    document_id = await written(me)
    with capture_logs(), killed_children() as killed:
        answer = await export(me, document_id, "pdf")
    assert killed
    assert (answer.status_code, answer.json()["code"]) == (503, "child_killed")
    assert "try again" in answer.json()["detail"]
    assert files.kept == {}
    assert (await export(me, document_id, "pdf")).status_code == 200


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('a"b\r\nX-Evil: 1', "a-b-X-Evil-1.pdf"),
        ("../../etc/passwd", "etc-passwd.pdf"),
        ("???", "document.pdf"),
        ("x" * 300, "x" * 80 + ".pdf"),
    ],
)
def test_no_title_makes_a_dangerous_name(title, name):
    assert file_name(title, Format.PDF) == name
    assert attachment(name).isprintable()
