"""Which services are searched is for the settings to say, for jobs and for the command line."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.fakes.search_answers import Work
from tests.fakes.search_servers import Fault, SearchServer
from tests.houses import ABSTRACTS, opened_house
from tests.servers import answering

from tesigo.entry.progress_bars import ProgressBars
from tesigo.entry.searches import open_searches
from tesigo.entry.write_command import write
from tesigo.kit.clock import system_clock
from tesigo.kit.errors import Invalid
from tesigo.kit.settings import Settings, load_settings
from tesigo.writing.brief import make_brief

KEYS = {
    f"{name}_api_key": "key-of-a-test" for name in ("semantic_scholar", "openalex", "perplexity", "tavily")
}
SWITCHES = {f"{name}_enabled": True for name in ("semantic_scholar", "openalex", "crossref", "arxiv")}


def settings(**given: Any) -> Settings:
    return load_settings(_env_file=None, **given)


async def names(**given: Any) -> list[str]:
    async with open_searches(settings(**given), clock=system_clock) as searches:
        return [search.name for search in searches]


async def test_nobody_is_asked_until_somebody_is_enabled():
    assert await names() == []
    assert not settings().searches_outside


async def test_each_switch_and_each_key_enables_its_service():
    assert await names(**SWITCHES, **KEYS) == [
        "Semantic Scholar", "OpenAlex", "Crossref", "arXiv", "Perplexity", "Tavily",
    ]  # fmt: skip
    for switch in SWITCHES:
        assert len(await names(**{switch: True})) == 1
        assert settings(**{switch: True}).searches_outside
    for key, is_enough in zip(KEYS, (False, False, True, True), strict=True):
        assert (len(await names(**{key: KEYS[key]})) == 1) is is_enough
        assert settings(**{key: KEYS[key]}).searches_outside is is_enough


async def test_no_setting_of_a_search_is_said_to_be_without_effect():
    given = settings(**SWITCHES, **KEYS, search_timeout_s=3, contact_email="library@example.org")
    assert given.without_effect == ()


async def test_a_house_searches_its_library_and_what_is_enabled(tmp_path: Path):
    async with opened_house(tmp_path, crossref_enabled=True, search_timeout_s=3) as house:
        assert [search.name for search in house.tools.searches] == ["library", "Crossref"]
        assert house.tools.search_timeout_s == 3


async def write_with(
    tmp_path: Path, *, with_search: bool | None, console: Console | None = None, **given: Any
) -> ProgressBars:
    sources = tmp_path / "refs.jsonl"
    sources.write_text("\n".join(map(json.dumps, ABSTRACTS)), "utf-8")
    bars = ProgressBars(console or Console(file=io.StringIO()))
    await write(
        make_brief("Feedback on student essays", pages=5),
        model=None,
        source_names=[str(sources)],
        with_library=False,
        with_search=with_search,
        out=[tmp_path / "a.md"],
        settings=settings(data_dir=tmp_path / "data", **given),
        bars=bars,
    )
    return bars


@pytest.mark.parametrize(("with_search", "calls"), [(None, 1), (True, 1), (False, 0)])
async def test_the_command_searches_what_is_enabled_unless_told_otherwise(tmp_path: Path, with_search, calls):
    server = SearchServer("crossref", [Work("Feedback on essays, found outside", doi="10.5555/outside")])
    async with answering(server) as address:
        bars = await write_with(
            tmp_path, with_search=with_search, crossref_enabled=True, crossref_base_url=address
        )
    assert len(server.calls) == calls
    assert bars.found == len(ABSTRACTS) + calls
    assert not (tmp_path / "data").exists()


async def test_the_command_tells_who_failed_and_writes_all_the_same(tmp_path: Path):
    async with answering(SearchServer("crossref", fault=Fault.SERVER_ERROR)) as address:
        told = Console(file=io.StringIO(), width=200)
        await write_with(
            tmp_path, with_search=None, console=told, crossref_enabled=True, crossref_base_url=address
        )
    assert "Crossref found nothing: it answered 500." in told.file.getvalue()
    assert (tmp_path / "a.md").is_file()


async def test_a_search_that_is_wanted_and_not_enabled_is_refused_before_any_work(tmp_path: Path):
    with pytest.raises(Invalid, match="OPENALEX_ENABLED"):
        await write_with(tmp_path, with_search=True)
    assert not (tmp_path / "a.md").exists()
