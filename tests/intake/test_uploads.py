"""Every real upload gives what its manifest says, in time, in bounds, and leaves nothing behind."""

import re
from pathlib import Path

import pytest
from tests.intake.upload_table import DISAGREEMENTS, MOST_MB, MOST_S, Outcome, measure_uploads, print_table

from tesigo.kit.errors import Invalid


@pytest.fixture(scope="module")
def outcomes(shared_data: Path) -> list[Outcome]:
    measured = measure_uploads(shared_data / "uploads")
    print_table(measured)
    return measured


def test_every_upload_is_read_or_refused_as_its_manifest_says(outcomes):
    assert len(outcomes) == 94
    assert [(one.file, one.expected, one.got) for one in outcomes if not one.fits] == []
    assert set(DISAGREEMENTS) <= {one.file for one in outcomes}


SAID_AGAIN = {"py-pdf__habibi-rotated.pdf"}
"""Says one line on four pages, as a running head does."""


def test_what_is_read_has_the_letters_that_other_readers_see(outcomes):
    read = [one for one in outcomes if not one.refusal and one.letters_seen and one.file not in SAID_AGAIN]
    assert len(read) > 45
    few = [
        one for one in read if one.letters < 0.5 * one.letters_seen
    ]  # text boxes are counted twice by some
    assert [(one.file, one.letters, one.letters_seen) for one in few] == []
    assert sum(one.letters for one in read) > 0.97 * sum(one.letters_seen for one in read)


def test_no_upload_takes_ten_seconds_or_half_a_gigabyte(outcomes):
    assert [(one.file, one.took_s, one.size_mb) for one in outcomes if one.took_s > MOST_S] == []
    assert [(one.file, one.took_s, one.size_mb) for one in outcomes if one.size_mb > MOST_MB] == []
    assert max(one.size_mb for one in outcomes) > 15, "the children were measured"


def test_no_upload_leaves_anything_in_the_folders_for_work(outcomes):
    assert [(one.file, one.left) for one in outcomes if one.left] == []


def test_every_refusal_is_a_sentence_that_names_no_path(outcomes):
    for one in outcomes:
        if one.refusal:
            assert issubclass(one.refusal, Invalid)
            assert re.fullmatch(r"This .{20,}\.|The name .{20,}\.", one.message), one.file
            assert "/" not in one.message
