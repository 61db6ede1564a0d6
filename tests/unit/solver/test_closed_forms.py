"""Decay, boluses, infusions and forcing against their solutions on paper, in every engine."""

import numpy as np
import pytest

from funis.protocol import no_doses
from funis.solver import Forcing, ParameterTable, Start, simulate

ENGINES = ("ladder", "roadrunner", "lsoda", "radau")
DAY = 1440
RTOL = 1e-9
SHARE, K_DIE, K_DRUG, K_DRIVEN = 0.75, 0.5, 0.2, 0.1

pytestmark = pytest.mark.parametrize("engine", ENGINES)


def typical(patients=1):
    return ParameterTable((), np.empty((patients, 0)))


def decay(days, since=0.0, rate=K_DIE):
    """What is left of 1 given on a day, 0 before."""
    days = np.asarray(days, dtype=float) - since
    return np.where(days > 0, np.exp(-rate * np.maximum(days, 0)), 0.0)


def infused(days, start, stop, rate=K_DIE):
    """What is there of 1 a day given from `start` to `stop`."""
    days = np.asarray(days, dtype=float)
    running = np.clip(days, start, stop) - start
    return -np.expm1(-rate * running) / rate * np.exp(-rate * np.maximum(days - stop, 0))


def run(model, doses, minutes, engine, **more):
    return simulate(model, typical(), doses, np.asarray(minutes), engine=engine, rtol=RTOL, **more)


def test_a_bolus_at_the_start_decays(tiny, events, engine):
    minutes = np.arange(0, 11) * DAY
    found = run(tiny, events((0, 0, "iv", 80.0, 0)), minutes, engine)
    live = 80 * SHARE * decay(minutes / DAY)
    assert found.status.tolist() == [0]
    np.testing.assert_allclose(found.output("A")[0], live, rtol=1e-7, atol=2e-6)
    np.testing.assert_allclose(found.output("P")[0, 1:], 80 - live[1:], rtol=1e-7)
    assert found.output("A")[0, 0] == 0  # at the minute of a dose: the value before it


def test_coincident_doses_add_up(tiny, events, engine):
    minutes = np.array([0, 3, 10]) * DAY
    doses = events(
        (0, 3 * DAY, "iv", 30.0, 0), (0, 3 * DAY, "iv", 50.0, 0), (0, 3 * DAY, "local", 7.0, 0)
    )
    found = run(tiny, doses, minutes, engine).output("A")[0]
    np.testing.assert_allclose(found, (80 * SHARE + 7) * decay(minutes / DAY, 3), rtol=1e-7)


def test_a_dose_at_any_minute_of_the_start_counts_once(tiny, events, engine):
    doses = events((0, 0, "iv", 80.0, 0))
    whole = run(tiny, doses, [0, 5 * DAY], engine)
    again = simulate(
        tiny, typical(), doses, np.array([10 * DAY]), engine=engine, rtol=RTOL,
        start=Start(5 * DAY, whole.end),
    )  # fmt: skip
    np.testing.assert_allclose(again.output("A")[0, 0], 60 * decay(10.0), rtol=1e-7)


def test_a_dose_at_the_last_minute_belongs_to_what_follows(tiny, events, engine):
    doses = events((0, 5 * DAY, "iv", 80.0, 0))
    first = run(tiny, doses, [0, 5 * DAY], engine)
    assert first.output("A")[0, -1] == 0
    assert np.all(first.end[0, [first.outputs.index("A"), first.outputs.index("P")]] == 0)
    then = simulate(
        tiny, typical(), doses, np.array([6 * DAY]), engine=engine, rtol=RTOL,
        start=Start(5 * DAY, first.end),
    )  # fmt: skip
    np.testing.assert_allclose(then.output("A")[0, 0], 60 * decay(1.0), rtol=1e-7)


def test_a_dose_of_nothing_changes_no_byte(tiny, events, engine):
    minutes = np.arange(0, 6) * DAY
    none = run(tiny, no_doses(), minutes, engine)
    for minute, duration in ((0, 0), (0, 3 * DAY), (77, 0), (2 * DAY, 99), (5 * DAY, 0)):
        zero = run(tiny, events((0, minute, "iv", 0.0, duration)), minutes, engine)
        assert np.array_equal(none.values, zero.values)


def test_an_infusion_is_a_rate_for_its_duration(tiny, events, engine):
    minutes = np.array([0, 1, 2, 3, 4, 8]) * DAY
    found = run(tiny, events((0, DAY, "iv", 40.0, 2 * DAY)), minutes, engine)
    wanted = 40 * SHARE / 2 * infused(minutes / DAY, 1, 3)
    np.testing.assert_allclose(found.output("A")[0], wanted, rtol=1e-7, atol=1e-9)
    total = found.output("A")[0, -1] + found.output("P")[0, -1]
    assert total == pytest.approx(40, rel=1e-12)


def test_infusions_that_overlap_add_their_rates(tiny, events, engine):
    minutes = np.array([0, 2, 3, 5, 9]) * DAY
    doses = events(
        (0, 0, "iv", 40.0, 4 * DAY), (0, 2 * DAY, "iv", 10.0, DAY), (0, 2 * DAY, "iv", 3.0, 0)
    )
    days = minutes / DAY
    wanted = SHARE * (10 * infused(days, 0, 4) + 10 * infused(days, 2, 3) + 3 * decay(days, 2))
    found = run(tiny, doses, minutes, engine).output("A")[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("split", [1, 2 * DAY, 2 * DAY + 77, 4 * DAY - 1])
def test_an_infusion_goes_on_across_a_split(tiny, events, engine, split):
    doses = events((0, 0, "iv", 40.0, 4 * DAY))
    first = run(tiny, doses, [0, split], engine)
    then = simulate(
        tiny, typical(), doses, np.array([9 * DAY]), engine=engine, rtol=RTOL,
        start=Start(split, first.end),
    )  # fmt: skip
    wanted = SHARE * 10 * infused([9.0], 0, 4)
    np.testing.assert_allclose(then.output("A")[0], wanted, rtol=1e-6, atol=1e-6)


def test_a_drug_rises_to_the_exposure_of_its_daily_dose(tiny, events, engine):
    minutes = np.array([0, 10, 60, 80]) * DAY
    found = run(tiny, events((0, 0, "drug", 60.0, 60 * DAY)), minutes, engine).output("C")[0]
    wanted = K_DRUG * infused(minutes / DAY, 0, 60, K_DRUG)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-9)
    assert found[2] == pytest.approx(1, rel=1e-4)  # a standard dose a day for long is exposure 1


def test_the_forcing_is_the_declared_cubic(tiny, engine):
    """A straight line is a C1 cubic: y' = k (1 + at - y) gives 1 + a (t - (1 - e^-kt)/k)."""
    knots = np.arange(9)
    slope = 0.02
    line = Forcing("xi", 0.0, 7.0, slope * 7 * knots[None, :], np.full((1, 9), slope))
    minutes = np.array([0, 7 * DAY, 10 * DAY + 13, 40 * DAY])
    found = run(tiny, no_doses(), minutes, engine, forcing=line, outputs=("DRIVEN", "D_half", "xi"))
    days = minutes / DAY
    wanted = 1 + slope * (days + np.expm1(-K_DRIVEN * days) / K_DRIVEN)
    np.testing.assert_allclose(found.output("DRIVEN")[0], wanted, rtol=1e-7)
    np.testing.assert_allclose(found.output("D_half")[0], wanted / 2, rtol=1e-7)
    np.testing.assert_allclose(found.output("xi")[0], slope * days, rtol=1e-12)


def test_a_bent_forcing_is_the_same_function_in_every_engine(tiny, engine):
    rng = np.random.default_rng(3)
    bent = Forcing("xi", -14.0, 7.0, rng.normal(size=(1, 40)), rng.normal(size=(1, 40)) / 7)
    minutes = np.array([0, 30, 100, 250]) * DAY  # more than one window of the forcing
    found = run(tiny, no_doses(), minutes, engine, forcing=bent).output("DRIVEN")[0]
    days = np.linspace(0, 250, 250 * 200 + 1)
    drive = K_DRIVEN * (1 + bent.at(0, days)) * np.exp(K_DRIVEN * (days - 250))
    wanted = np.exp(-K_DRIVEN * 250) + np.trapezoid(drive, days)
    assert found[-1] == pytest.approx(wanted, abs=1e-6)
