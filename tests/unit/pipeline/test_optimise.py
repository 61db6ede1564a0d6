"""Dose and schedule search: planted truths are found, and nothing is named where nothing acts."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funis.checks import InputError
from funis.models import library_folder
from funis.models.factors import Points
from funis.pipeline.check import check_file
from funis.pipeline.design import bank
from funis.pipeline.design.worlds import World
from funis.pipeline.optimise import optimise_trial
from funis.pipeline.optimise.candidates import (
    Candidate,
    Grid,
    candidates_of,
    counts_of,
    maintenance_of,
    numbers_of,
)
from funis.pipeline.optimise.costs import library_costs, use_of
from funis.pipeline.optimise.document import search_document, search_tables
from funis.pipeline.optimise.effects import sampled
from funis.pipeline.optimise.events import events_by_draw
from funis.pipeline.optimise.judge import judge, on_front
from funis.pipeline.optimise.page import search_page
from funis.pipeline.optimise.plan import SHAPES, search_plan
from funis.pipeline.optimise.search import search
from funis.pipeline.optimise.words import caveats, first_line
from funis.protocol import Action, EndpointRequest, FrozenMapping, Rule
from funis.report.front import Dot, front_of
from funis.report.search import render_search

SMALL = Grid(doses=(20e6, 100e6), numbers=(1, 2), maintenance=(None,), horizon=16)


def worlds(*factors):
    points = Points(("potency",), np.array(factors, dtype=float)[:, None])
    return [World(basis, shape, points) for basis in ("own", "borrowed") for shape in SHAPES]


def pieces_in(patch, kept):
    """Keep the pieces of a search in a mapping, and nowhere else."""
    patch.setattr(bank, "cached", lambda _, key: kept.get(key))
    patch.setattr(bank, "keep", lambda _, key, piece: kept.update({key: piece}))


@pytest.fixture(scope="module")
def planted(two_arm, pool):
    """A search of a trial in which, in truth, one of three doses is best: a bell at 30 million."""
    bell = {"dose_flat": 0.0, "dose_emax": 0.0, "dose_bell": 1.0, "dose_scale": 30.0,
            "dose_height": 1.0}  # fmt: skip
    protocol = replace(two_arm.protocol, scenario=FrozenMapping(bell))
    grid = Grid(doses=(2e6, 60e6, 3e9), numbers=(1,), maintenance=(None,), horizon=16)
    plan = search_plan(replace(two_arm, protocol=protocol), grid, 8)

    def run(*factors):
        with pytest.MonkeyPatch.context() as patch:
            pieces_in(patch, {})
            return search(plan, pool, worlds(*factors), "course", {})

    return run


def found(trial="ra_two_arm", grid=SMALL, **options):
    return optimise_trial(trial, grid, **{"patients": 4, "draws": 4, "workers": 1, **options})


# ---- what is found, and what is not


def test_a_planted_best_dose_is_found(planted):
    result = planted(1.5, 2.0, 2.5, 3.0)
    assert result.plan.candidates[result.verdict.optimum].dose == 60e6
    assert result.verdict.alike == ()
    assert first_line(result).startswith("The largest effect in all 6 settings")
    assert search_document(result)["optimum"] == "iv_60M_x1"
    assert "are fewer than usual" in caveats(result)[0]
    assert not any("of the search: more" in line for line in caveats(result))  # not at an edge


def test_cells_that_do_nothing_leave_no_optimum(planted):
    result = planted(0.0, 0.0, 0.0, 0.0)
    for one in result.settings:
        assert np.all(one.effects.course == 0)  # a patient beside himself
        assert np.all(one.front == 0)  # no cells cost less and do as much
    assert result.verdict.optimum is None
    assert result.verdict.alike == (0, 1, 2)
    assert result.verdict.no_cells_stands
    line = first_line(result)
    assert line.startswith("The alternatives cannot be told apart")
    assert all(one.id in line for one in result.plan.candidates)
    assert render_search(search_page(result)).index(line) > 0


def test_a_fifth_of_draws_without_effect_is_enough_to_name_nothing(planted):
    result = planted(0.0, 2.0, 2.5, 3.0)
    assert result.verdict.optimum is None
    assert result.verdict.no_cells_stands


def samples(*means, spread=0.1):
    """Draws of effects around means, shared by the candidates: (draw, sample, candidate)."""
    luck = np.linspace(-1, 1, 20)[:, None, None] * spread
    return np.asarray(means)[None, None, :] * (1 + luck)


def test_an_optimum_has_to_be_best_in_every_setting():
    sure = samples(0.2, 0.5, 0.3)
    assert judge([sure] * 6).optimum == 1
    other = judge([sure] * 5 + [samples(0.2, 0.3, 0.5)])
    assert other.optimum is None
    assert other.alike == (1, 2)  # the first is worse than the second throughout
    level = judge([sure] * 5 + [samples(0.2, 0.5, 0.5)])
    assert level.optimum is None
    assert level.alike == (1, 2)


def test_a_difference_within_the_floor_is_none():
    assert judge([samples(0.5, 0.51)], floor=0.02).optimum is None
    assert judge([samples(0.5, 0.51)], floor=0.0).optimum == 1


def test_the_best_of_all_is_no_optimum_where_no_cells_may_do_as_much():
    effects = np.stack([samples(0.2, 0.5, 0.3), samples(0.2, 0.5, 0.3) * 0.2 - 0.1])[:, :, 0]
    verdict = judge([effects])
    assert verdict.optimum is None
    assert verdict.alike == (1,)
    assert verdict.no_cells_stands


def test_harmful_cells_are_beaten_by_no_cells():
    verdict = judge([samples(-0.2, -0.1)])
    assert verdict.optimum is None
    assert verdict.alike == ()
    assert verdict.no_cells_stands


@settings(max_examples=20)
@given(st.permutations(range(4)), st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_the_order_of_candidates_decides_nothing(order, means):
    one, other = judge([samples(*means)]), judge([samples(*(means[k] for k in order))])
    assert (one.optimum is None) == (other.optimum is None)
    if one.optimum is not None:
        assert order[other.optimum] == one.optimum
    assert {order[k] for k in other.alike} == set(one.alike)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_a_setting_in_which_nothing_acts_leaves_no_optimum(means):
    assert judge([samples(*means), np.zeros((20, 1, 3))]).optimum is None


# ---- the front


def test_the_front_holds_what_no_other_beats_in_everything():
    effects, events = samples(0.2, 0.5, 0.4), np.tile([0.5, 1.0, 1.5], (20, 1))
    cells = np.array([50.0, 100.0, 150.0])
    assert on_front(effects, events, [cells]).tolist() == [1.0, 1.0, 0.0]
    assert on_front(-effects, events, [cells]).tolist() == [0.0, 0.0, 0.0]  # no cells are better


def test_unknown_events_put_nobody_off_the_front():
    effects, events = samples(0.5, 0.2), np.tile([np.nan, 1.0], (20, 1))
    assert on_front(effects, events, [np.array([1.0, 2.0])]).tolist() == [1.0, 1.0]


def test_the_line_of_the_front_rises_from_no_cells():
    dots = [Dot("", x, y, y, y, "a1", "circle") for x, y in ((1, 0.2), (2, 0.1), (2, 0.4))]
    assert front_of(dots) == [(0.0, 0.0), (1, 0.2), (2, 0.4)]


def test_each_sample_of_patients_is_as_large_as_the_search():
    weights = sampled(7, 3, 5)
    assert weights.shape[0] == 3
    assert np.all(weights.sum(axis=2) == 5)


# ---- candidates


def test_every_combination_is_there_once():
    grid = Grid((1e6, 2e6), (), ("iv", "it"), (1, 2), (2.0, 4.0), (None, 26.0), 60)
    made = candidates_of(grid)
    assert len(made) == len({one.id for one in made}) == 2 * 2 * 3 * 2  # one dose has no interval


def test_maintenance_goes_on_until_the_horizon():
    one = Candidate(5e7, False, "iv", 2, 4.0, 26.0, 56.0)
    assert one.weeks == (0.0, 4.0, 30.0)  # nothing is given at the end itself
    assert replace(one, horizon=56.5).weeks == (0.0, 4.0, 30.0, 56.0)
    assert one.id == "iv_50M_x2_m26"


def test_cells_by_weight_are_those_of_the_patients():
    one = Candidate(1e6, True, "iv", 2, 4.0, None, 56.0)
    use = use_of(one, np.array([60.0, 80.0]))
    assert (use.cells, use.infusions) == (140.0, 2)
    costs = library_costs()
    assert use.cost == 2 * costs.infusion.value + 140 * costs.million_cells.value
    assert (costs.infusion.status, costs.million_cells.status) == ("assumed", "assumed")


def test_more_doses_bring_more_events_and_an_unknown_route_none_that_are_known():
    one = Candidate(5e7, False, "iv", 1, None, None, 56.0)
    more, nowhere = replace(one, number=3, interval=4.0), replace(one, route="nowhere")
    events = events_by_draw([one, more, nowhere], "ra", 1, 5)
    assert np.all(events[:, 1] > events[:, 0])
    assert np.all(events[:, 0] > 0)
    assert np.isnan(events[:, 2]).all()
    assert len(set(events[:, 0])) == 5  # true rates are not known either


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: numbers_of("doses", "15e6,many"), "'many' is no number above 0"),
        (lambda: numbers_of("doses", " , "), "an empty list"),
        (lambda: counts_of("numbers", "0"), "'0' is no number of doses"),
        (lambda: maintenance_of("maintenance", "never"), "'never' is no number above 0"),
        (lambda: candidates_of(Grid((1e6,), (), ("iv",), (4,), (8.0,), (None,), 24)), "do not fit"),
        (
            lambda: candidates_of(Grid((1e6,), (), ("iv",), (1,), (4.0,), (26.0,), 26)),
            "maintenance 26 weeks later do not fit",
        ),
        (lambda: candidates_of(Grid((1e6,), (), ("iv",), tuple(range(1, 152)))), "at most 300"),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_one_clear_line(call, said):
    with pytest.raises(InputError) as error:
        call()
    assert len(error.value.issues) == 1
    assert said in str(error.value)


def test_a_file_of_costs_is_checked(tmp_path):
    own = library_folder() / "optimise.yaml"
    assert check_file(own).kind == "costs"
    assert not check_file(own).issues.errors
    wrong = tmp_path / "costs.yaml"
    wrong.write_text(own.read_text(encoding="utf-8").replace("value: 0.02", "value: -1"))
    assert ":10: costs.million_cells.value" in str(next(iter(check_file(wrong).issues)))


# ---- the whole search


@pytest.fixture(scope="module")
def done():
    """A search; then the same from all pieces that it left, and from every second one."""
    with pytest.MonkeyPatch.context() as patch:
        kept, followed, follow = {}, [], bank.followed
        pieces_in(patch, kept)
        patch.setattr(bank, "followed", lambda *given: followed.append(1) or follow(*given))
        once = found(stratum="crp >= 5")
        whole = len(followed)
        assert text(found(stratum="crp >= 5")) == text(once)
        assert len(followed) == whole == len(kept)
        for key in sorted(kept)[::2]:
            del kept[key]
        assert text(found(stratum="crp >= 5")) == text(once)
        assert len(followed) == whole + whole // 2
        yield once


def text(result):
    return json.dumps(search_document(result), allow_nan=False)


def test_processes_change_no_byte(done, monkeypatch):
    pieces_in(monkeypatch, {})
    assert text(found(stratum="crp >= 5", workers=2)) == text(done)


def test_the_document_says_everything_of_each_candidate(done):
    document = search_document(done)
    assert document["stratum"] == "crp >= 5"
    assert document["first_line"] == first_line(done)
    assert len(document["settings"]) == 6
    for one in document["candidates"]:
        assert set(one["settings"]) == {row["id"] for row in document["settings"]}
        for setting in one["settings"].values():
            assert setting["course"]["low"] <= setting["course"]["high"]
        assert 0 <= one["on_front"] <= 1
        assert one["infusions"] == len(one["weeks"])
    assert (document["optimum"] is None) == bool(document["cannot_be_told_apart"])


def test_the_page_begins_with_the_answer_and_shows_every_setting_twice(done):
    page = render_search(search_page(done))
    assert page.count("<svg") >= 12
    assert page.index(first_line(done)[:40]) < page.index("<table")
    assert all(line.split(";")[0] in page for line in caveats(done))
    assert not re.search(r"(src|href)=", page)  # it loads nothing
    assert len(search_tables(done)[0].rows) == len(done.plan.candidates)


def test_the_trials_rules_and_people_hold_and_its_drop_out_does_not(demo):
    plan = search_plan(demo, replace(SMALL, horizon=40), 8)
    protocol = plan.design.trial.protocol
    own = demo.protocol
    assert protocol.population.criteria == own.population.criteria
    assert [rule.weeks for rule in protocol.rules] == [(24.0, 36.0)]
    assert protocol.dropout.rate("no_cells") == 0
    assert {week for week in own.visits.weeks if week <= 40} <= set(protocol.visits.weeks)
    assert [one for one in protocol.visits.weeks if one <= 12] == [0, 2, 4, 8, 12]


def test_looks_of_the_trial_are_left_out_and_its_rules_follow_the_candidates(demo):
    from funis.protocol.interim import Interim

    stop = Rule(
        "stop", ("four_monthly",), (4.0,), demo.protocol.rules[0].when, Action(stop=("all",))
    )
    other = replace(stop, id="other", arms=("advertised",))
    protocol = replace(
        demo.protocol, interim=Interim((0.5, 1.0)), rules=(*demo.protocol.rules, stop, other)
    )
    plan = search_plan(replace(demo, protocol=protocol), SMALL, 8)
    made = plan.design.trial.protocol
    assert made.interim is None
    assert [rule.id for rule in made.rules] == ["stop"]  # rescue comes after the search
    assert made.rules[0].arms == tuple(one.id for one in plan.candidates)


def test_a_trial_that_counts_wins_is_searched_by_the_endpoint_itself(two_arm):
    request = EndpointRequest("DAS28_CRP", 12.0, "change", "primary", method="win_ratio")
    rule = replace(
        two_arm.protocol.success, endpoint="DAS28_CRP", measure="win_ratio", direction="greater"
    )
    protocol = replace(two_arm.protocol, endpoints=(request,), success=rule)
    plan = search_plan(replace(two_arm, protocol=protocol), SMALL, 8)
    assert plan.sign == -1  # a lower score is better, though more wins are
    assert plan.design.request.method is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"grid": replace(SMALL, routes=("intravenous",))}, "has no route 'intravenous'"),
        ({"stratum": "crp >= 1e6"}, "no virtual patient of the trial meets 'crp >= 1e6'"),
        ({"stratum": "crpp >= 15"}, "did you mean 'crp'"),
        ({"stratum": "crp + 15"}, "is a number"),
        ({"grid": replace(SMALL, horizon=8)}, "at least 12, the week of ACR20@12"),
        ({"patients": 2}, "patients: 2 is out of range"),
        ({"by": "cost"}, "course or response"),
    ],
)
def test_wrong_input_is_one_clear_line(options, said):
    with pytest.raises(InputError) as error:
        found(**options)
    assert len(error.value.issues) == 1
    assert said in str(error.value)
