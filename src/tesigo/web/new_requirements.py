"""The rules of a university on the form for a new document: read before anything is created."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from tesigo.accounts.session import CurrentUser
from tesigo.documents.requirements_service import join_requirements
from tesigo.documents.uploads import read_rules
from tesigo.kit.errors import Invalid, LimitReached
from tesigo.kit.requests import SettingsNow
from tesigo.web.new_document import show_again
from tesigo.web.pages import words_of
from tesigo.web.sentences import sentence_of
from tesigo.web.understood import understand
from tesigo.web.uploaded_files import count_files
from tesigo.writing.brief import Brief

router = APIRouter(prefix="/documents/new/rules")
_Field = Annotated[str, Form()]


@router.post("")
async def read_requirements(
    *,
    request: Request,
    current: CurrentUser,
    settings: SettingsNow,
    rules: Annotated[UploadFile | None, File()] = None,
    files: Annotated[list[UploadFile] | None, File()] = None,
    take: Annotated[list[str] | None, Form()] = None,
    title: _Field = "",
    pages: _Field = "",
    language: _Field = "",
    citation_style: _Field = "",
    norm: _Field = "",
    requirements: _Field = "",
    model: _Field = "",
) -> Response:
    """Show the form again with the file's text, what was understood of it, and what is proposed by it.

    take: the proposals that the user has chosen; only they change a field.
    """
    words = words_of(request)
    values = {
        "title": title,
        "pages": pages,
        "language": language,
        "citation_style": citation_style,
        "norm": norm,
        "requirements": requirements,
        "model": model,
    }
    faults: dict[str, str] = {}
    if rules is not None and rules.filename:
        try:
            await count_files(request, current, [rules])
            read = await read_rules(rules.filename, await rules.read(), settings.max_upload_mb)
            values["requirements"] = join_requirements(requirements, read.text)
        except (Invalid, LimitReached) as failure:
            reason = sentence_of(failure, words)
            faults["requirements"] = words("upload.refused", name=rules.filename, reason=reason)
    understood = await understand(_as_brief(values), words)
    chosen: dict[str, str] = {
        one.setting: str(one.value) for one in understood.proposals if one.setting in (take or ())
    }
    if chosen:
        values |= chosen
        understood = await understand(_as_brief(values), words)
    return show_again(
        request,
        current,
        values,
        faults,
        status=400 if faults else 200,
        has_lost_files=any(file.filename for file in files or ()),
        understood=understood,
    )


def _as_brief(values: dict[str, str]) -> Brief:
    """Return what the form says so far, whether it keeps the rules of a brief or not."""
    pages = values["pages"].strip()
    return Brief(
        title=values["title"],
        pages=int(pages) if pages.isascii() and pages.isdigit() and len(pages) < 6 else 10,
        language=values["language"],
        citation_style=values["citation_style"].strip(),
        norm=values["norm"],
        requirements=values["requirements"],
    )
