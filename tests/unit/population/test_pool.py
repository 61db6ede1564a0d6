import numpy as np
import polars
import pytest

from funis.checks import InputError
from funis.population import build_pool, choose, draw, load_pool, pass_gate, save_pool, weigh_pool
from funis.population.pool import baseline_statistics


@pytest.fixture
def model(toy, target):
    return toy.but(
        bounds={"level": (0.3, 0.7)},
        targets=(target("weight", 75.0, 12.0), target("INDEX", 58.0), target("female", 0.7)),
    )


@pytest.fixture
def pool(model, door):
    return build_pool(model, 700, 1, door=door)


def test_a_pool_holds_plausible_patients_and_meets_its_targets(pool, model, door):
    draws = draw(model, 700, 1)
    accepted = pass_gate(model, draws, door=door).accepted
    assert np.array_equal(pool.index, draws.index[accepted])
    assert np.array_equal(pool.values, draws.values[accepted])
    assert pool.weights.sum() == pytest.approx(1.0)
    weight = pool.values[:, pool.names.index("weight")]
    assert pool.weights @ weight == pytest.approx(75.0)
    assert pool.weights @ (weight - 75) ** 2 == pytest.approx(144.0)
    reached = {(row.name, row.moment): row for row in pool.moments}
    assert reached["INDEX", "mean"].weighted == pytest.approx(58.0)
    assert reached["weight", "sd"].weighted == pytest.approx(12.0)
    assert reached["weight", "sd"].target == 12.0
    assert reached["female", "mean"].unweighted == pytest.approx(0.8, abs=0.05)
    assert {row.reason: row.n for row in pool.gate}["accepted"] == len(pool) < 700
    assert {row.name for row in pool.marginals} == {"rate", "gain", "level", "weight", "female"}
    assert 0 < pool.effective_size < len(pool)


def test_a_pool_is_the_same_for_any_way_of_working(pool, model, door):
    def backwards(work, items):
        return reversed([work(item) for item in reversed(list(items))])

    again = build_pool(model, 700, 1, run=backwards, door=door)
    assert again.hash == pool.hash
    assert again.weights.tobytes() == pool.weights.tobytes()
    assert build_pool(model, 700, 2, door=door).hash != pool.hash


def test_a_pool_is_frozen(pool):
    with pytest.raises(ValueError, match="read-only"):
        pool.weights[0] = 1.0


def test_a_pool_is_saved_and_loaded(pool, tmp_path):
    path = tmp_path / "toy.parquet"
    save_pool(pool, path)
    loaded = load_pool(path)
    assert loaded.hash == pool.hash
    assert loaded.values.tobytes() == pool.values.tobytes()
    assert (loaded.moments, loaded.gate) == (pool.moments, pool.gate)
    assert loaded.marginals == pool.marginals
    assert "weight" in polars.read_parquet(path).columns


def test_a_changed_or_wrong_file_is_refused(pool, tmp_path):
    path = tmp_path / "toy.parquet"
    with pytest.raises(InputError, match=r"toy.parquet: no such file"):
        load_pool(path)
    path.write_text("not a table")
    with pytest.raises(InputError, match="not a pool of virtual patients"):
        load_pool(path)
    polars.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(InputError, match="not a pool of virtual patients"):
        load_pool(path)
    save_pool(pool, path)
    metadata = {"funis": polars.read_parquet_metadata(path)["funis"]}
    frame = polars.read_parquet(path).with_columns(weight=polars.col("weight") + 1)
    frame.write_parquet(path, metadata=metadata)
    with pytest.raises(InputError, match="changed after it was written"):
        load_pool(path)


def test_patients_are_chosen_by_weight_and_key(pool):
    rows = choose(pool, 9, np.arange(60_000))
    shares = np.bincount(rows, minlength=len(pool)) / rows.size
    assert shares == pytest.approx(pool.weights, abs=0.003)
    assert choose(pool, 9, 17) == rows[17]
    assert np.array_equal(choose(pool, 9, np.arange(5, 9)), rows[5:9])
    other = choose(pool, 9, np.arange(1000), 1)
    assert np.mean(other == rows[:1000]) < 0.05


def test_nobody_of_no_weight_is_chosen(pool):
    assert choose(pool, 1, np.arange(3), np.arange(2)[:, None]).shape == (2, 3)
    assert choose(pool, 1, np.arange(2000)).max() < len(pool)


def test_statistics_are_outputs_components_and_scores(model, door):
    draws = draw(model, 20, 1)
    found = baseline_statistics(model, draws, ["twice_rate", "INDEX", "joints", "nothing"], door)
    assert set(found) == {"twice_rate", "INDEX", "joints"}
    assert found["twice_rate"] == pytest.approx(2 * draws.column("rate"))
    assert found["INDEX"] == pytest.approx(100 * draws.column("level") + 10)


def test_targets_are_checked_by_name(model, target, door):
    wrong = model.but(targets=(target("wieght", 70.0),))
    with pytest.raises(
        InputError, match="unknown baseline statistic 'wieght'; did you mean 'weight'"
    ):
        build_pool(wrong, 100, 1, door=door)
    far = model.but(targets=(target("weight", 700.0),))
    with pytest.raises(InputError, match=r"target 700 of weight \(mean\) is out of reach"):
        build_pool(far, 100, 1, door=door)


def test_no_plausible_patient_is_said(model):
    draws = draw(model, 5, 1)
    with pytest.raises(InputError, match="none of 5 raw draws of 'toy' passes the gate"):
        weigh_pool(model, 1, draws, np.array(["bounds"] * 5), {})
