import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from tesigo.kit.secret_keys import broken_rule, generate_pair, kept_pair


def test_the_kept_pair_is_the_same_every_time_and_readable_by_its_owner_only(tmp_path: Path):
    first = kept_pair(tmp_path / "new")
    assert kept_pair(tmp_path / "new") == first
    assert (tmp_path / "new" / "keys.json").stat().st_mode & 0o777 == 0o600
    assert first.secret_key != first.jwt_secret
    assert broken_rule(first.secret_key) is broken_rule(first.jwt_secret) is None


def test_processes_and_threads_that_start_together_agree_on_one_pair(tmp_path: Path):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        pairs = set(pool.map(kept_pair, [tmp_path / "a"] * 4))
    with ThreadPoolExecutor(8) as threads:
        pairs |= set(threads.map(kept_pair, [tmp_path / "a"] * 8))
        others = set(threads.map(kept_pair, [tmp_path / "b"] * 8))
    assert len(pairs) == len(others) == 1
    assert pairs != others
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["keys.json"]
    assert [file.name for file in (tmp_path / "b").iterdir()] == ["keys.json"]


def test_what_a_killed_process_left_behind_is_in_nobodys_way(tmp_path: Path):
    (tmp_path / f"keys.{os.getpid()}").write_text("")
    assert kept_pair(tmp_path) == kept_pair(tmp_path)


def test_a_pair_never_shows_its_keys():
    pair = generate_pair()
    assert pair.secret_key not in repr(pair)
    assert pair.jwt_secret not in str(pair)
