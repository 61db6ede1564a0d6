import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from funis.analysis import band, wilson
from funis.checks import InputError
from funis.models import disease_ids
from funis.models.factors import NO_CELLS
from funis.pipeline.explore import default_state, explore, prepare
from funis.pipeline.explore.cohort import cohort, disease_parts, drawn, with_regimen
from funis.pipeline.explore.document import document
from funis.pipeline.explore.prepare import ANY_CHANGE, forget, scoring_of, week_minutes
from funis.pipeline.explore.statistics import BAND, bands, share_interval
from funis.pipeline.inputs import load_trial
from funis.pipeline.responses import Responses
from funis.pipeline.simulate import simulate_cohort
from funis.population.scores import ScoreReader
from funis.protocol import Arm, FrozenMapping, dose_events, no_doses
from funis.solver import simulate
from funis.trial import Study


def text(view):
    return json.dumps(document(view))


def test_a_move_is_what_the_plain_solver_gives_at_a_tight_tolerance(place, view):
    ready = prepare(place)
    table = with_regimen(ready.table, place)
    weight = table.values[:, table.names.index("weight")]
    last = int(week_minutes(place.weeks)[-1])
    arm = Arm("x", "x", interventions=place.interventions)
    doses = dose_events(arm, weight, np.arange(place.patients), end_minute=last + 1)
    reader = ScoreReader.of(ready.model, [scoring_of("ra").score])
    found = simulate(
        ready.model, table, doses, week_minutes(place.weeks), outputs=reader.outputs, rtol=1e-8
    )
    true = bands(reader.read(found.values)[:, :, 0])
    assert np.abs(view.score.treated - true).max() < 1e-3 * reader.widths[0]
    assert np.abs(true[2] - bands(reader.read(found.values)[:, :1, 0])[2]).max() > 0.1


def test_with_the_librarys_values_it_is_what_the_command_simulate_shows(place):
    shown = explore(replace(place, potency="library", patients=24, weeks=12, routes=("iv",)))
    same = simulate_cohort("ra", ["1e6/kg:iv@0:28x4"], weeks=12, patients=24, workers=1)
    score = next(one for one in same.series if one.id == shown.score.id)
    rows = np.flatnonzero(np.isin(same.days, 7.0 * np.arange(13)))
    assert np.allclose(shown.score.treated[2], score.treated["median"][rows], atol=5e-3)
    assert np.allclose(shown.score.twin[2], score.untreated["median"][rows], atol=5e-3)


def test_cells_without_effect_leave_everybody_at_his_twin(place):
    shown = explore(replace(place, potency="none"))
    assert np.abs(shown.score.difference).max() < 5e-3
    assert all(np.all(one.treated == one.twin) for one in shown.responders)
    assert shown.cells[0].treated.max() > 1
    assert np.abs(explore(place).score.difference[0]).max() > 0.1


def test_a_weight_of_one_on_draws_without_effect_is_no_effect_and_of_zero_is_more(place, view):
    nothing = explore(replace(place, null_weight=1.0))
    acting = explore(replace(place, null_weight=0.0))
    assert np.abs(nothing.score.difference[0]).max() < 5e-3
    assert np.all(drawn(disease_parts("ra"), replace(place, null_weight=0.0)).factors[NO_CELLS] > 0)
    assert acting.score.difference[0].min() < -0.3
    assert "7 % of the draws" in view.draws


def test_the_default_draws_of_a_patient_are_those_of_a_trial(place):
    parts, trial = disease_parts("ra"), load_trial("ra_demo")
    study = Study(
        trial.protocol, trial.model, parts.pool, trial.products, 10, place.seed,
        ensemble=parts.points,
    )  # fmt: skip
    row = study.ensemble_row(np.arange(place.patients))
    potency = parts.points.factors[row, parts.points.names.index("potency")]
    assert np.array_equal(potency, drawn(parts, place).factors[NO_CELLS])


def test_the_order_of_moves_and_what_is_kept_change_no_byte(place, view):
    other = replace(place, doses=(3e6,), hold_minute=200)
    third = replace(place, shape="dose_bell", memory="bistable_memory")
    first = [text(explore(one)) for one in (other, third, place)]
    forget()
    again = [text(explore(one)) for one in (place, third, other)]
    assert first == again[::-1]
    assert first[2] == text(view)
    assert len(set(first)) == 3


def test_how_patients_are_split_over_threads_changes_no_byte(place, view, monkeypatch):
    module = sys.modules["funis.pipeline.explore.prepare"]
    for threads in (1, 3):
        forget()
        monkeypatch.setattr(module, "THREADS", threads)
        assert text(explore(place)) == text(view)
    forget()


def test_longer_in_the_bag_fewer_cells_live(place, view):
    late = explore(replace(place, hold_minute=385.0))
    assert late.delivered["iv"].viable.value < 0.75 * view.delivered["iv"].viable.value
    assert late.cells[0].treated.max() < 0.8 * view.cells[0].treated.max()
    assert late.score.difference[0].min() > view.score.difference[0].min()


def test_the_patients_of_a_stratum_have_its_traits(place):
    parts = disease_parts("sle")
    asked = replace(
        default_state("sle"), traits=FrozenMapping({"nephritis": True, "female": False})
    )
    table = cohort(parts, asked)
    assert np.all(table.values[:, table.names.index("nephritis")] == 1)
    assert np.all(table.values[:, table.names.index("female")] == 0)


def test_a_stratum_of_nobody_is_refused_in_one_line():
    both = FrozenMapping({"established": True, "presymptomatic": True})
    with pytest.raises(InputError, match="0 of 1948 plausible patients") as refused:
        explore(replace(default_state("t1d"), traits=both))
    assert len(str(refused.value).splitlines()) == 1


def test_bands_and_shares_are_those_of_the_analysis():
    values = np.random.default_rng(1).normal(size=(37, 4, 3))
    assert np.allclose(bands(values), band(values, BAND))
    moved = np.zeros((40, 2))
    moved[:7, 0], moved[7:9, 0] = 1, -1
    mean, low, high = share_interval(moved, None)
    gained, lost = wilson(7, 40), wilson(2, 40)
    apart = 7 / 40 - 2 / 40
    assert mean[0] == pytest.approx(apart)
    assert low[0] <= apart - np.hypot(7 / 40 - gained.low, lost.high - 2 / 40) + 1e-9
    assert high[1] == pytest.approx(-low[1])
    assert high[1] == pytest.approx(wilson(0, 40).high)


@pytest.mark.parametrize("disease", ["ra", "sle", "cd", "t1d"])
def test_components_that_nothing_shown_is_made_of_are_left_out_and_change_nothing(disease):
    place = replace(default_state(disease), patients=20, weeks=8)
    ready = prepare(place)
    whole = ScoreReader.of(ready.model, [ready.scoring.score])
    assert len(ready.scoring.reader.outputs) < len(whole.outputs)
    found = simulate(
        ready.model, ready.table, no_doses(), week_minutes(8), outputs=whole.outputs,
        rtol=ready.rtol, checked=0.0,
    )  # fmt: skip
    assert np.array_equal(whole.read(found.values)[:, :, 0], ready.twin_score)
    rules = Responses.of(ready.model.endpoints)
    judged = rules.judge(whole, found.values)
    places = [rules.names.index(name) for name in ready.scoring.responses.names]
    assert np.array_equal(judged[:, :, places], ready.twin_responds)


@pytest.mark.parametrize("disease", disease_ids())
def test_no_rule_that_is_shown_is_met_by_whatever_change(disease):
    shown = scoring_of(disease).responses
    assert 1 <= len(shown.names) <= 4
    for name in shown.names:
        assert ANY_CHANGE.search(shown.definition(name)[1]) is None
    assert "BILAG_IMPROVED" in Responses.of(disease_parts("sle").model.endpoints).names
    assert "BILAG_IMPROVED" not in scoring_of("sle").responses.names
