import pytest

from funis.pipeline import pools
from funis.population import save_pool


@pytest.fixture
def built(monkeypatch, tmp_path, pool):
    """Count how often a pool is built, with a cache of its own."""
    calls = []

    def build(*_, **__):
        calls.append(1)
        return pool

    monkeypatch.setattr(pools, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(pools, "build_pool", build)
    return calls


def test_a_pool_is_built_once_and_then_read(built, ra, pool):
    first = pools.trial_pool(ra, draws=150)
    second = pools.trial_pool(ra, draws=150)
    assert len(built) == 1
    assert first.hash == second.hash == pool.hash


def test_a_pool_of_another_number_of_draws_does_not_count(built, ra):
    pools.trial_pool(ra, draws=150)
    pools.trial_pool(ra, draws=149)
    assert len(built) == 2


def test_a_stored_pool_of_another_model_does_not_count(built, ra, pool, tmp_path):
    import dataclasses

    other = dataclasses.replace(pool, model_hash="0" * 64)
    path = tmp_path / "cache" / "pools" / f"ra-{ra.hash[:16]}-150.parquet"
    save_pool(other, path)
    pools.trial_pool(ra, draws=150)
    assert len(built) == 1


def test_a_broken_file_is_built_again(built, ra, tmp_path):
    path = tmp_path / "cache" / "pools" / f"ra-{ra.hash[:16]}-150.parquet"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"nonsense")
    pools.trial_pool(ra, draws=150)
    assert len(built) == 1
    pools.trial_pool(ra, draws=150)
    assert len(built) == 1


def test_a_cache_that_cannot_be_written_only_costs_time(built, ra, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder shall be")
    assert len(pools.trial_pool(ra, draws=150)) == 150
    assert len(pools.trial_pool(ra, draws=150)) == 150
    assert len(built) == 2


def test_without_a_cache_a_pool_is_built_each_time(built, ra, monkeypatch):
    monkeypatch.setattr(pools, "cache_folder", lambda: None)
    assert [len(pools.trial_pool(ra, draws=150)) for _ in range(2)] == [150, 150]
    assert len(built) == 2
