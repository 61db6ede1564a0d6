import numpy as np
import pytest

from funis.population import Gate, RawDraws, gate_table, pass_gate


def draws(**columns):
    n = len(next(iter(columns.values())))
    values = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns.values()])
    return RawDraws(np.arange(n), tuple(columns), values, np.zeros(n, dtype=np.int64))


def rates(slowest):
    """Rate and gain whose slowest eigenvalue is minus the given one."""
    slowest = np.asarray(slowest)
    return {"rate": np.full(slowest.size, 0.1), "gain": (1 - slowest / 0.1) ** 2}


def test_reasons_and_eigenvalues(toy, door):
    slowest = np.array([0.02, 0.0033, 0.0030, 2e-4, 5e-5])
    result = pass_gate(toy, draws(**rates(slowest)), door=door)
    assert result.eigenvalue_per_day == pytest.approx(-slowest, rel=1e-9)
    expected = ["accepted", "accepted", "slow_return", "slow_return", "unstable"]
    assert result.reason.tolist() == expected
    assert result.accepted.tolist() == [True, True, False, False, False]


def test_an_untouched_growing_mode_is_unstable(toy, door):
    result = pass_gate(toy, draws(rate=[0.1, 0.1], gain=[1.02, 0.2]), door=door)
    assert result.reason.tolist() == ["unstable", "accepted"]
    assert np.all(result.drift == 0.0)


def test_drift_is_unstable(toy, door):
    found = draws(rate=[0.1] * 3, gain=[0.2] * 3, drift=[0.0, 2e-6, 5e-6])
    result = pass_gate(toy, found, door=door)
    assert result.reason.tolist() == ["accepted", "accepted", "unstable"]
    assert result.drift[2] == pytest.approx(5e-6 * 0.5 * 365.25 * np.array([2, 4]), rel=1e-6)


def test_departure_is_measured_in_the_range_of_the_score(toy, door):
    result = pass_gate(toy, draws(**rates([0.003]), level=[0.5]), door=door)
    slow_share = (1 + 0.97) / 2  # of the move, along the slow eigenvector (sqrt(gain), 1)
    expected = slow_share * 0.2 * 0.5 * np.exp(-0.003 * 365.25 * np.array([2, 4]))
    assert result.departure[0] == pytest.approx(expected, rel=1e-6)


def test_bounds_are_those_of_parameters_and_outputs(toy, door):
    model = toy.but(bounds={"level": (0.2, 0.8), "twice_rate": (0.0, 0.3), "activity": (0.0, 0.7)})
    found = draws(rate=[0.1, 0.1, 0.2, 0.1, 0.1], gain=[0.2] * 5, level=[0.5, 0.1, 0.5, 0.75, 0.5])
    result = pass_gate(model, found, door=door)
    assert result.reason.tolist() == ["accepted", "bounds", "bounds", "bounds", "accepted"]


def test_what_fails_to_solve_is_said_first(toy, door):
    model = toy.but(bounds={"level": (0.2, 0.8)})
    found = draws(rate=[0.1] * 3, gain=[1.1, 0.2, 0.2], level=[0.1, 0.1, 0.5], breaks=[1, 0, 0])
    result = pass_gate(model, found, door=door)
    assert result.reason.tolist() == ["failed_to_solve", "bounds", "accepted"]


def test_progressive_diseases_are_not_asked_to_be_stable(toy, door):
    model = toy.but(course="progressive", bounds={"level": (0.2, 0.8)})
    result = pass_gate(model, draws(rate=[0.1] * 2, gain=[1.5, 0.2], level=[0.5, 0.9]), door=door)
    assert result.reason.tolist() == ["accepted", "bounds"]
    assert np.all(np.isnan(result.eigenvalue_per_day))


def test_each_state_alone_is_moved_too(toy, door):
    found = draws(**rates([0.01, 0.002]))
    both, each = (pass_gate(toy, found, each=choice, door=door) for choice in (False, True))
    assert np.all(each.departure >= both.departure)
    moved = []
    original = door.simulate

    def watched(*arguments, **options):
        moved.append(options["start"].states[0] - [1, 1, 0, 3])
        return original(*arguments, **options)

    pass_gate(
        toy, found, each=True, door=type(door)(watched, door.jacobian, door.untreated, door.observe)
    )
    assert np.allclose(moved[0], 0)
    assert sorted(tuple(np.round(move, 12)) for move in moved[1:]) == sorted(
        [(s * a, s * b, 0.0, 0.0) for s in (-0.2, 0.2) for a, b in ((1, 1), (1, 0), (0, 1))]
    )


def test_a_row_does_not_depend_on_the_others(toy, door):
    found = draws(**rates([0.02, 0.0033, 0.003, 2e-4]))
    whole = pass_gate(toy, found, door=door)
    for row in range(4):
        alone = pass_gate(toy, found.take(np.array([row])), door=door)
        assert alone.reason[0] == whole.reason[row]
        assert alone.eigenvalue_per_day[0] == whole.eigenvalue_per_day[row]


def test_limits_may_be_changed(toy, door):
    found = draws(**rates([0.002]))
    assert not pass_gate(toy, found, door=door).accepted[0]
    loose = Gate(within=((2.0, 0.05), (4.0, 0.01)))
    assert pass_gate(toy, found, loose, door=door).accepted[0]


def test_the_table_counts_every_reason():
    table = gate_table(np.array(["accepted", "accepted", "bounds", "unstable"]))
    assert [(row.reason, row.n, row.share) for row in table] == [
        ("accepted", 2, 0.5),
        ("failed_to_solve", 0, 0.0),
        ("bounds", 1, 0.25),
        ("unstable", 1, 0.25),
        ("slow_return", 0, 0.0),
    ]
