"""A document from nothing but its title: sources are found outside, and who failed is told."""

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from tests.fakes.search_answers import Work
from tests.fakes.search_servers import Fault, SearchServer
from tests.houses import ABSTRACTS, opened_house
from tests.integration.model_houses import start, until_status
from tests.integration.test_model_failures import working
from tests.servers import answering
from tests.writers import signed_in

WORKS = [
    Work(
        record["title"],
        (f"Ada {record['author'][0]['family']}",),
        record["issued"]["date-parts"][0][0],
        doi=f"10.5555/made.{number}",
        abstract=record["abstract"],
    )
    for number, record in enumerate(ABSTRACTS)
]
RETRACTED = Work("Feedback on essays, retracted", ("Zed Quill",), doi="10.5555/gone", is_retracted=True,
                 abstract="Automated feedback on essays heals all pupils of every class at once.")  # fmt: skip


async def test_a_title_alone_is_written_from_what_was_found_and_warnings_tell_who_failed(tmp_path: Path):
    servers = {
        "openalex": SearchServer("openalex", [*WORKS[:5], RETRACTED]),
        "crossref": SearchServer("crossref", [*WORKS[3:], RETRACTED]),
        "arxiv": SearchServer("arxiv", fault=Fault.SERVER_ERROR),
    }
    async with AsyncExitStack() as opened:
        given = {"contact_email": "library@example.org", "search_timeout_s": 5}
        for name, server in servers.items():
            given[f"{name}_base_url"] = await opened.enter_async_context(answering(server))
            given[f"{name}_enabled"] = True
        house = await opened.enter_async_context(opened_house(tmp_path, **given))
        house = replace(
            house, tools=replace(house.tools, count_pages=lambda manuscript: manuscript.words / 300)
        )
        me = await opened.enter_async_context(signed_in(house))
        await opened.enter_async_context(working(house))

        document_id = await me.create("Feedback on essays", pages=5)
        told = await until_status(me, await start(me, document_id), "completed", "failed", "paused")
        assert told["status"] == "completed", told
        listed = (await me.ask("GET", f"/documents/{document_id}/sources")).json()["items"]
        by_title = {source["csl"]["title"]: source for source in listed}
        assert set(by_title) == {work.title for work in (*WORKS, RETRACTED)}
        assert {source["found_by"] for source in listed} == {"OpenAlex", "Crossref"}
        assert sum(source["times_cited"] > 0 for source in listed) >= 3
        gone = by_title[RETRACTED.title]
        assert (gone["csl"]["status"], gone["times_cited"]) == ("retracted", 0)

        assert told["warnings"][:2] == [
            "arXiv found nothing: it answered 500.",
            f"Retracted, and therefore listed but not quoted: “{RETRACTED.title}” (2021).",
        ]

        again = await me.create("Feedback on essays", pages=5)
        told = await until_status(me, await start(me, again), "completed", "failed", "paused")
        assert told["status"] == "completed", told
        assert (len(servers["openalex"].calls), len(servers["crossref"].calls)) == (1, 1)
        assert len(servers["arxiv"].calls) == 2
