import polars as pl
import pytest

from funis.checks import InputError
from funis.pipeline.population import library_pool, population_table
from funis.population import load_pool
from funis.report import RESEARCH_USE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("population") / "ra.parquet"
    return population_table("ra", patients=50, seed=2, out=path, workers=1), path


def test_there_are_as_many_patients_as_asked_for_and_weights_sum_to_one(made):
    pool, _ = made
    assert len(pool) == 50
    assert pool.weights.sum() == pytest.approx(1.0)
    assert sum(row.n for row in pool.gate) == pool.index[-1] + 1


def test_the_table_holds_covariates_weights_and_the_statement(made):
    pool, path = made
    table = pl.read_parquet(path)
    assert table.height == 50
    assert {"pool_index", "pool_weight", "age", "weight", "severity"} <= set(table.columns)
    metadata = pl.read_parquet_metadata(path)
    assert metadata["research_use"] == RESEARCH_USE
    assert metadata["evidence"].startswith("Evidence: ")
    assert load_pool(path).hash == pool.hash


def test_a_larger_population_begins_with_the_same_patients(made):
    smaller = population_table("ra", patients=40, seed=2, workers=1)
    pool, _ = made
    assert (smaller.index == pool.index[:40]).all()
    assert (smaller.values == pool.values[:40]).all()


def test_too_few_patients_to_weigh_are_told(tmp_path):
    with pytest.raises(InputError, match=r"patients: 2 patients cannot be weighted.*such as 200"):
        population_table("ra", patients=2, workers=1, out=tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused_before_the_work(tmp_path):
    with pytest.raises(InputError, match="is a folder; expected the name of a file"):
        population_table("ra", out=tmp_path)
    with pytest.raises(InputError, match="is a folder"):
        library_pool("ra", out=tmp_path)


def test_the_pool_of_trials_is_written_as_it_is_built(tmp_path, monkeypatch, pool):
    monkeypatch.setattr("funis.pipeline.population.new_pool", lambda *_, **__: pool)
    library_pool("ra", out=tmp_path / "ra.parquet", workers=1)
    assert load_pool(tmp_path / "ra.parquet").hash == pool.hash
