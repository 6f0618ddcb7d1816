"""The command `tesigo`.

Exit codes: 0 done; 1 an unforeseen failure; 2 the call or a setting is wrong; 3 there is nothing to write
from; 4 something outside does not answer; 5 a limit is used up; 130 stopped by Ctrl-C.
"""

import asyncio
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

import tesigo
from tesigo.accounts.users_service import UserEntry
from tesigo.entry import library_command, serving, users_command, worker, write_command
from tesigo.entry.migrating import migrate as migrate_database
from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.wiring import open_house
from tesigo.kit.db import DatabaseAway
from tesigo.kit.errors import Failure, Invalid, LimitReached, Unavailable
from tesigo.kit.log import configure_logs
from tesigo.kit.settings import Settings, load_settings
from tesigo.manuscript import Source
from tesigo.writing.brief import make_brief
from tesigo.writing.errors import NoUsableSource

FAILED, WRONG_CALL, NO_SOURCE, NO_ANSWER, LIMIT_REACHED, INTERRUPTED = 1, 2, 3, 4, 5, 130
_LISTS = ("--source", "--out")
_Result = TypeVar("_Result")

app = typer.Typer(
    help="Write long, cited academic documents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
library = typer.Typer(help="The sources that every document may find.", no_args_is_help=True)
app.add_typer(library, name="library")
users = typer.Typer(help="Who uses this installation, and what they may.", no_args_is_help=True)
app.add_typer(users, name="users")
_Address = Annotated[str, typer.Argument(help="The user's e-mail address.")]
_errors = Console(stderr=True)


def main() -> None:
    """Run the command; a failure becomes its sentence on standard error and an exit code."""
    try:
        app(args=_spread_lists(sys.argv[1:]), prog_name="tesigo")
    except Failure as failure:
        _errors.print(f"tesigo: {_sentence(failure)}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(_exit_code(failure))


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen (HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Where to listen (PORT).")] = None,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the writing to `tesigo work`.")
    ] = False,
) -> None:
    """Serve the web application, with a worker beside it."""
    settings = _settings(host=host, port=port)
    _run(serving.serve(settings, with_worker=not no_worker, announce=_announce))


@app.command()
def work(
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="Stop when standard input ends.")
    ] = False,
) -> None:
    """Take jobs out of the queue and write their documents."""
    _run(worker.work(_settings(), until_input_ends=until_input_ends))


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    _run(_migrate(_settings()))
    _announce("The database is up to date.")


@app.command()
def write(
    title: Annotated[str, typer.Argument(help="What the document is about.")],
    pages: Annotated[int, typer.Option(help="Pages of the PDF, 5 to 200.")] = 10,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Files to write from, several at a time; a folder means all in it."),
    ] = None,
    with_library: Annotated[
        bool,
        typer.Option("--library", help="Search the library too; without --source it is searched anyway."),
    ] = False,
    search: Annotated[
        bool | None,
        typer.Option(
            "--search/--no-search",
            help="Search the services that are enabled; they are, unless told otherwise.",
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="en, uk or it.")] = "en",
    style: Annotated[str, typer.Option(help="A CSL citation style.")] = "apa",
    norm: Annotated[
        str, typer.Option(help="A formatting norm: generic, apa7, dstu3008, italian.")
    ] = "generic",
    author: Annotated[str, typer.Option(help="The name on the title page.")] = "",
    model: Annotated[
        str | None,
        typer.Option(help="Who writes, as provider:model or offline:extractive (DEFAULT_MODEL)."),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(help="Files to write, the ending decides the format; document.pdf and .docx otherwise."),
    ] = None,
) -> None:
    """Write a document from sources, and set it as PDF, DOCX or another format."""
    _refuse_undecodable(
        {"title": title, "author": author, "style": style, "norm": norm, "model": model or ""}
    )
    brief = make_brief(title, pages=pages, language=language, citation_style=style, norm=norm, author=author)
    settings = _settings(json_logs=False, level="ERROR")
    summary = _run(
        write_command.write(
            brief,
            model=model,
            source_names=source or (),
            with_library=with_library or not source,
            with_search=search,
            out=out or [Path("document.pdf"), Path("document.docx")],
            settings=settings,
            bars=ProgressBars(_errors),
        )
    )
    _announce(
        f"Words: {summary.manuscript.words}\n"
        f"Pages: {summary.pages}\n"
        f"Sources: {summary.found} found, {len(summary.manuscript.cited_keys)} cited\n"
        f"{_tokens(summary.tokens_used)}"
        f"Time: {summary.took_s:.1f} s\n" + "\n".join(f"File: {path}" for path in summary.files)
    )


@library.command("add")
def add_to_library(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files with sources; a folder means all in it.")
    ] = None,
    zotero: Annotated[
        list[str] | None,
        typer.Option(help="A library at Zotero: users/NUMBER or groups/NUMBER (ZOTERO_API_KEY)."),
    ] = None,
) -> None:
    """Add the sources of files, or of a library at Zotero, to the library."""
    if not files and not zotero:
        raise Invalid("Name files with sources, or a library at Zotero with --zotero.")
    added = _run(
        library_command.add_files(
            files or (),
            _settings(json_logs=False, level="ERROR"),
            zotero=zotero or (),
            on_file=lambda _file: None,
        )
    )
    for complaint in added.complaints:
        _errors.print(f"! {complaint}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if not added.new and not added.known:
        raise NoUsableSource("Nothing of this could be used; the library is as it was.")
    _announce(f"{added.new} added, {added.known} known already, {added.in_all} in the library.")


@library.command("list")
def list_library() -> None:
    """List the library: key, year, authors, title, and what there is to quote from."""
    count = _run(library_command.list_all(_settings(json_logs=False, level="ERROR"), _show_source))
    _errors.print(f"{count} sources.", highlight=False)


@users.command("list")
def list_users() -> None:
    """List the users: id, address, admin, premium, second factor, since."""
    count = _run(users_command.list_all(_settings(json_logs=False, level="ERROR"), _show_user))
    _errors.print(f"{count} users.", highlight=False)


@users.command("set")
def set_rights(
    address: _Address,
    admin: Annotated[
        bool | None, typer.Option("--admin/--no-admin", help="ADMIN_EMAILS makes administrators too.")
    ] = None,
    premium: Annotated[bool | None, typer.Option("--premium/--no-premium", help="Is served earlier.")] = None,
    daily_tokens: Annotated[
        str | None, typer.Option(metavar="N|none", help="The user's own limit; none for that of the service.")
    ] = None,
) -> None:
    """Set what a user may, from their next request on."""
    _refuse_undecodable({"ADDRESS": address})
    wanted = users_command.make_rights(admin=admin, premium=premium, daily_tokens=daily_tokens)
    _show_user(_run(users_command.set_rights(address, wanted, _settings(json_logs=False))))


@users.command("reset-second-factor")
def reset_second_factor(address: _Address) -> None:
    """Remove the second factor of a user who lost the device."""
    _refuse_undecodable({"ADDRESS": address})
    was_in_force = _run(users_command.reset_second_factor(address, _settings(json_logs=False)))
    _announce(
        "The second factor is removed: sign-in does not ask for it."
        if was_in_force
        else "No second factor was in force."
    )


@users.command("sign-out")
def sign_out(address: _Address) -> None:
    """End all sign-ins of a user."""
    _refuse_undecodable({"ADDRESS": address})
    ended = _run(users_command.sign_out(address, _settings(json_logs=False)))
    _announce(f"{ended} sign-ins ended.")


@app.command()
def version() -> None:
    """Tell the version."""
    _announce(tesigo.__version__)


def _tokens(used: int) -> str:
    return f"Tokens: {used:,}\n" if used else ""


async def _migrate(settings: Settings) -> None:
    async with open_house(settings) as house:
        await migrate_database(house.database)


def _settings(*, json_logs: bool | None = None, level: str | None = None, **given: Any) -> Settings:
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    configure_logs(
        json=settings.is_production if json_logs is None else json_logs,
        level=level or ("DEBUG" if settings.debug else "INFO"),
    )
    if settings.without_effect:
        _errors.print(
            f"tesigo: {', '.join(settings.without_effect)} set, but not used by this version yet.",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return settings


def _run(work: Coroutine[Any, Any, _Result]) -> _Result:
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        _errors.print("tesigo: stopped.")
        raise typer.Exit(INTERRUPTED) from None


def _spread_lists(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with `--source a b c` spelled as `--source a --source b --source c`."""
    spread: list[str] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-") and argument != "-":
            name, _, value = argument.partition("=")
            option = name if name in _LISTS else ""
            spread += [name, value] if option and value else [argument]
        elif option and spread[-1] != option:
            spread += [option, argument]
        else:
            spread.append(argument)
    return spread


def _refuse_undecodable(texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Invalid(f"{name}: this is no text in UTF-8; check the encoding of your terminal.") from None


def _sentence(failure: Failure) -> str:
    if isinstance(failure, DatabaseAway):
        return (
            f"The database does not answer ({failure.reason}): check DATABASE_URL, and that its server runs."
        )
    return failure.message


def _exit_code(failure: Failure) -> int:
    if isinstance(failure, NoUsableSource):
        return NO_SOURCE
    if isinstance(failure, Invalid):
        return WRONG_CALL
    if isinstance(failure, LimitReached):
        return LIMIT_REACHED
    return NO_ANSWER if isinstance(failure, Unavailable) else FAILED


def _announce(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the command is asked for goes to standard output


def _show_source(source: Source) -> None:
    quotable = "full text" if source.full_text else "abstract" if source.abstract else "record only"
    authors = ", ".join(source.author_names[:2]) + (" …" if len(source.author_names) > 2 else "")
    _announce(f"{source.key}\t{source.year or ''}\t{authors}\t{source.title}\t{quotable}")


def _show_user(user: UserEntry) -> None:
    marks = (
        "admin" if user.is_admin else "",
        "premium" if user.is_premium else "",
        "second factor" if user.factor_confirmed_at else "",
    )
    _announce("\t".join((str(user.id), user.email, *marks, user.created_at.date().isoformat())))


if __name__ == "__main__":
    main()
