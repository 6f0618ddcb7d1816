"""Links and DOIs stay when a record has them."""

import pytest
from tests.writing.prompted.made import references

from tesigo.writing.prompted.addresses import without_unknown_addresses


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("See https://evil.org/paper.pdf.", "See ?."),
        ("See (https://evil.org/paper), too.", "See ?, too."),
        ("See <https://evil.org/paper> there.", "See ? there."),
        ("See doi: 10.9999/evil.1.", "See ?."),
        ("See https://doi.org/10.9999/evil.1, too.", "See ?, too."),
        ("It holds (more at www.evil.org/x).", "It holds (more at ?)."),
        ("See https://doi.org/10.1000/SOIL.2020.", "See https://doi.org/10.1000/SOIL.2020."),
        ("See 10.1000/soil.2020, too.", "See 10.1000/soil.2020, too."),
        ("See http://www.example.org/ponds.", "See http://www.example.org/ponds."),
        ("It took 10.5 days and 3/4 of a year.", "It took 10.5 days and 3/4 of a year."),
    ],
)
def test_an_address_that_no_record_has_becomes_the_sign(written: str, left: str) -> None:
    assert without_unknown_addresses(written, references(), sign="?") == left
