"""Mutated files are read or refused and nothing else; a few hundred here, and thousands by `make fuzz`."""

from pathlib import Path

import pytest
from tests.fuzz import broken_readers
from tests.fuzz.campaign import Campaign, write_troubles
from tests.fuzz.mutations import FAMILIES, mutated
from tests.fuzz.run import DATA
from tests.fuzz.seeds import gather_seeds
from tests.houses import client_of, opened_house, sign_in

SEED = 20_261_201
NOWHERE = Path("/nonexistent")


def test_mutated_files_are_read_or_refused_and_nothing_else():
    report = Campaign(DATA, SEED).run(range(300))
    print(*report.lines(), sep="\n")
    assert [case.number for case in report.cases] == list(range(300))
    assert report.troubles == []
    assert {case.family for case in report.cases} == set(FAMILIES)
    assert 30 < sum(case.outcome == "read" for case in report.cases) < 270


async def test_no_mutated_file_makes_a_request_fail(tmp_path):
    seeds = gather_seeds(DATA)
    statuses = set()
    async with opened_house(tmp_path) as house, client_of(house) as client:
        client.headers.update(await sign_in(client, house.settings.data_dir / "outbox", "fuzz@example.com"))
        made = await client.post("/api/v1/documents", json={"title": "Bees of the meadow"})
        path = f"/api/v1/documents/{made.json()['id']}/sources"
        for number in range(1_000, 1_250):
            file = mutated(number, SEED, seeds)
            answer = await client.post(path, files={"file": (file.name, file.data)})
            assert answer.status_code < 500, f"case {number} of {SEED}: {answer.text}"
            if answer.status_code >= 400:
                assert answer.json()["code"]
                assert answer.json()["detail"]
            statuses.add(answer.status_code)
        listed = await client.get(f"{path}?limit=100")
        assert listed.status_code == 200, listed.text
        assert listed.json()["items"]
    assert len(statuses) >= 3


def test_a_case_is_the_same_whenever_it_is_made():
    seeds = gather_seeds(DATA)
    assert [mutated(n, 1, seeds) for n in range(60)] == [mutated(n, 1, gather_seeds(DATA)) for n in range(60)]
    assert mutated(1, 1, seeds) != mutated(1, 2, seeds)


def test_without_real_inputs_files_of_our_own_are_mutated():
    assert set(gather_seeds(NOWHERE)) == set(FAMILIES)


@pytest.mark.parametrize(
    ("read", "trouble"),
    [
        (broken_readers.dying, "ended with 7"),
        (broken_readers.hanging, "hung for 2 s"),
        (broken_readers.raising, "IndexError"),
        (broken_readers.leaking, "a zero"),
    ],
)
def test_what_no_reader_may_do_is_noticed_and_the_run_goes_on(read, trouble, tmp_path):
    report = Campaign(NOWHERE, SEED, 2, read, hang_s=2).run(range(24))
    assert sorted(case.number for case in report.cases) == list(range(24))
    assert report.troubles
    assert all(trouble in case.trouble for case in report.troubles)
    write_troubles(report, NOWHERE, tmp_path)
    assert len(list(tmp_path.iterdir())) == len(report.troubles)
