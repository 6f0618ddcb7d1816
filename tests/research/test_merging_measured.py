"""How well merging tells works apart, on thousands of records derived from real ones."""

from collections import Counter
from pathlib import Path

import pytest
from tests.research.duplicates import labelled_groups, make_labelled, merged_groups, pairs_of, read_works

from tesigo.research.merging import merge_sources


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_records_of_one_work_are_found_and_near_misses_stay_apart(seed: int, shared_data: Path):
    records = make_labelled(read_works(shared_data), seed=seed)
    true = pairs_of(labelled_groups(records))
    found = pairs_of(merged_groups(merge_sources(record.source for record in records)))
    precision, recall = len(true & found) / len(found), len(true & found) / len(true)
    f1 = 2 * precision * recall / (precision + recall)
    print(
        f"{len(records)} records, {len(true)} pairs: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}"
    )
    for name, wrong in (("missed", true - found), ("joined", found - true)):
        rules = Counter(tuple(sorted((records[one].rule, records[other].rule))) for one, other in wrong)
        print(name, rules.most_common(8))
    assert f1 >= 0.98
