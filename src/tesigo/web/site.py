"""The pages as a whole: what an application gets when it shows itself to people."""

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from tesigo.web import (
    account_data,
    account_deletion,
    account_sign_ins,
    document,
    documents,
    landing,
    languages,
    new_document,
    new_requirements,
    reading,
    requirements,
    second_factor,
    settings,
    sign_in,
    writing_control,
)
from tesigo.web.assets import ADDRESS, FOLDER, Assets, ImmutableFiles
from tesigo.web.pages import Pages
from tesigo.web.problem_pages import install_problem_pages


def add_pages(app: FastAPI) -> None:
    """Add all pages, the built files behind them, and failures as pages; call `install_problems` before.

    The pages expect the application's state as the routes of the API do. Raises AssetsMissing.
    """
    app.state.pages = Pages(Assets())
    for pages in (
        landing,
        languages,
        sign_in,
        settings,
        account_sign_ins,
        second_factor,
        account_data,
        account_deletion,
        new_document,
        new_requirements,
        documents,
        reading,
        document,
        requirements,
        writing_control,
    ):
        app.include_router(pages.router, include_in_schema=False)
    app.mount(ADDRESS, GZipMiddleware(ImmutableFiles(directory=FOLDER)), name="static")
    install_problem_pages(app)
