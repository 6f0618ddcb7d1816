"""Files in a folder: kept whole, found again, removed with all below their folder."""

import pytest

from tesigo.adapters.folder_files import FolderFiles
from tesigo.kit.errors import Unavailable


async def test_a_file_is_found_as_it_was_kept_and_gone_with_its_folder(tmp_path):
    files = FolderFiles(tmp_path / "files")
    await files.keep_file("exports/1/a.pdf", b"one")
    await files.keep_file("exports/1/a.pdf", b"another")
    await files.keep_file("exports/12/b.pdf", b"of another document")
    assert await files.find_file("exports/1/a.pdf") == b"another"
    await files.remove_files("exports/1/")
    assert await files.find_file("exports/1/a.pdf") is None
    assert await files.find_file("exports/12/b.pdf") == b"of another document"
    await files.remove_files("exports/1/")


async def test_files_are_listed_by_name_and_removed_one_by_one(tmp_path):
    files = FolderFiles(tmp_path / "files")
    assert await files.list_files("exports/") == []
    for name in ("exports/2/b.pdf", "exports/1/a.pdf", "exports/1/b.docx", "other/c.pdf"):
        await files.keep_file(name, b"x")
    assert await files.list_files("exports/") == ["exports/1/a.pdf", "exports/1/b.docx", "exports/2/b.pdf"]
    await files.remove_file("exports/1/a.pdf")
    await files.remove_file("exports/1/a.pdf")
    assert await files.list_files("exports/1/") == ["exports/1/b.docx"]


async def test_a_name_cannot_leave_the_folder(tmp_path):
    files = FolderFiles(tmp_path / "files")
    (tmp_path / "outside.txt").write_text("not yours")
    with pytest.raises(ValueError, match="outside"):
        await files.find_file("../outside.txt")


async def test_the_folder_is_for_its_owner_only(tmp_path):
    FolderFiles(tmp_path / "files")
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


async def test_a_folder_that_cannot_be_written_is_told_as_unavailable(tmp_path):
    files = FolderFiles(tmp_path / "files")
    (tmp_path / "files" / "exports").write_text("a file where a folder must be")
    with pytest.raises(Unavailable, match="try again"):
        await files.keep_file("exports/1/a.pdf", b"one")
