"""Operating characteristics: replicates of a bank, against closed forms and against themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, nct, t

from funis.analysis import endpoint_values, estimate, newcombe
from funis.analysis.samples import SampleTable
from funis.cache import cache_folder
from funis.checks import InputError
from funis.models.factors import Points
from funis.pipeline.design import design_trial
from funis.pipeline.design.bank import (
    Bank,
    Piece,
    World,
    build_banks,
    design_study,
    follow_people,
    piece_key,
    settings_of,
    spread,
)
from funis.pipeline.design.decisions import judged
from funis.pipeline.design.document import (
    design_document,
    design_tables,
    twin_document,
    twin_tables,
)
from funis.pipeline.design.grow import Ask, grow
from funis.pipeline.design.growing import growing_document
from funis.pipeline.design.plan import PRESENT, design_plan
from funis.pipeline.design.replicates import Outcomes, decide, outcomes, picked
from funis.pipeline.design.shares import mean_share
from funis.pipeline.design.twin import replicate_trial
from funis.pipeline.design.worlds import parse_sizes
from funis.pipeline.inputs import find_trial, load_trial
from funis.pipeline.processes import silent
from funis.pipeline.study_key import study_key
from funis.trial import Study, conduct
from funis.trial.bank import follow_rows
from funis.trial.enrol import enrol

SMALL = {"patients": 16, "workers": 1}


def without_banks_of(place):
    """Make a cache without kept banks; what is compiled is shared with the usual one."""
    usual = cache_folder()
    for one in usual.iterdir() if usual is not None and usual.is_dir() else ():
        if one.name not in ("banks", "decisions"):
            (place / one.name).symlink_to(one)
    return str(place)


@pytest.fixture(scope="module")
def small(small_design):
    return small_design


@pytest.fixture(scope="module")
def plan(two_arm):
    return design_plan(two_arm, 128)


def test_every_dot_is_a_trial_that_its_number_gives_again(small):
    for number in (0, 17, 199):
        dot = small.points[1].dots[number]
        again = replicate_trial("ra_two_arm", n=16, replicate=dot.replicate, **SMALL)
        found = again.estimates["msc"]
        assert (found.estimate, found.low, found.high) == (dot.estimate, dot.low, dot.high)
        assert again.success["msc"] == dot.success


def test_a_patient_on_placebo_is_his_own_twin(small):
    again = replicate_trial("ra_two_arm", n=16, replicate=3, **SMALL)
    assert len({one.patient for one in again.patients}) == 16
    for one in again.patients:
        if one.arm == "placebo":
            assert one.value == one.twin_value
        for own, twin in one.courses.values():
            assert own[0] == twin[0]  # nothing was given before the baseline visit


def test_the_numbers_do_not_depend_on_processes(small, monkeypatch, again_no_banks):
    monkeypatch.setenv("FUNIS_CACHE", again_no_banks)
    other = design_trial(
        "ra_two_arm", sizes=(8, 16), replicates=2, structures=("dose_emax",), patients=16,
        workers=2,
    )  # fmt: skip
    assert json.dumps(design_document(other)) == json.dumps(design_document(small))


def test_the_type_one_error_is_always_there_and_small(small):
    for point in small.points:
        assert 0 <= point.type1.any_arm.estimate <= 0.2
        assert point.type1.any_arm.high > 0  # none of sixteen is not never
    alone = design_trial("ra_two_arm", sizes=(16,), replicates=2, null=True, **SMALL)
    assert alone.points[0].type1 == small.points[1].type1
    assert alone.points[0].power is None
    assert alone.points[0].assurance == {}


def test_assurance_is_shown_for_each_form_and_is_lower_where_no_effect_is_believed(small):
    point = small.points[1]
    assert set(point.assurance) == {PRESENT, "dose_emax"}
    assert point.if_any_effect.estimate >= point.assurance[PRESENT].any_arm.estimate
    assert 0 < small.no_effect < 1


def test_the_document_has_an_interval_for_every_share(small):
    document = design_document(small)
    for point in document["points"]:
        for name in ("power", "assurance", "type1", "assurance_if_any_effect"):
            one = point[name]
            assert 0 <= one["low"] <= one["estimate"] <= one["high"] <= 1
        series = point["uncontrolled_series"]
        assert series[0]["share"] > series[1]["share"]
    titles = [table.title for table in design_tables(small)]
    assert any("without a control" in title for title in titles)


def test_a_replicate_is_shown_patient_by_patient(small):
    again = replicate_trial("ra_two_arm", n=16, replicate=3, **SMALL)
    assert len(twin_document(again)["patients"]) == 16
    assert len(twin_document(again, 9)["patients"]) == 1
    whole, one = twin_tables(again, None), twin_tables(again, 9)
    assert len(whole[1].rows) == 16
    assert [row[0] for row in one[0].rows] == ["0", "4", "12"]


# ---- a design that grows


def _grown(monkeypatch, cache, **asked):
    """Return a design and what it told on its way."""
    monkeypatch.setenv("FUNIS_CACHE", cache)
    told = []
    found = design_trial(
        "ra_two_arm",
        **{"sizes": (8, 16), "replicates": 2, "structures": ("dose_emax",), **SMALL, **asked},
        watch=lambda growing: told.append(growing_document(growing)),
    )
    return found, told


def test_a_design_that_is_watched_ends_in_the_same_bytes(small, monkeypatch, no_banks):
    found, told = _grown(monkeypatch, no_banks)
    assert json.dumps(design_document(found)) == json.dumps(design_document(small))
    assert [one["done"] for one in told] == list(range(1, told[-1]["total"] + 1))
    last = told[-1]
    for grown, point in zip(last["points"], design_document(found)["points"], strict=True):
        for name in ("type1", "power", "assurance", "assurance_if_any_effect", "by_structure"):
            assert grown[name] == point[name]
        assert grown["dots"] == point["dots"]


def test_what_is_known_first_is_the_type_one_error(small, monkeypatch, no_banks):
    _, told = _grown(monkeypatch, no_banks)
    first = told[0]["points"][0]
    assert first["type1"] is not None
    assert (first["power"], first["assurance"], first["dots"]) == (None, None, [])
    json.dumps(told, allow_nan=False)
    for one in told:
        assert one["evidence"].startswith("Evidence:")
        assert sum(world["done"] for world in one["draws"]) <= sum(w["all"] for w in one["draws"])


def test_nothing_is_said_of_a_posterior_before_its_pieces_stand_for_it(
    small, monkeypatch, no_banks
):
    """Draws are kept in order: with the first alone assurance would be too high or too low."""
    _, told = _grown(monkeypatch, no_banks)
    for one in told:
        world = next(w for w in one["draws"] if w["structure"] == PRESENT and w["world"][0] == "p")
        known = one["points"][1]["assurance"] is not None
        assert known == (world["done"] == world["all"])  # of five pieces of 48 draws


def test_pieces_come_in_an_order_that_is_spread_and_loses_none():
    for count in (1, 2, 3, 7, 64, 67):
        order = spread(list(range(count)))
        assert sorted(order) == list(range(count))


@pytest.mark.parametrize("count", [32, 64, 67])
def test_the_first_pieces_lie_in_every_part_of_a_posterior_and_lean_to_no_end(count):
    first = np.array(spread(list(range(count)))[:8])
    assert np.bincount(4 * first // count).min() >= 1
    assert abs((first.mean() + 0.5) / count - 0.5) < 0.05


def test_courses_under_other_endpoints_of_other_people_or_products_are_kept_apart(
    two_arm, small_pool
):
    plan = design_plan(two_arm, 16)
    study = design_study(plan, small_pool, PRESENT)
    endpoints = study.model.endpoints
    louder = replace(endpoints.components[0], noise_sd=endpoints.components[0].noise_sd + 0.1)
    endpoints = replace(endpoints, components=(louder, *endpoints.components[1:]))
    others = (
        replace(study, model=replace(study.model, endpoints=endpoints)),
        replace(study, pool=replace(study.pool, seed=study.pool.seed + 1)),
        replace(study, products={}),
    )
    piece = Piece(World("null", PRESENT, Points(("potency",), np.zeros((2, 1)))), range(2))
    keys = {piece_key(plan, study_key(one), piece) for one in (study, *others)}
    assert len(keys) == 4
    assert others[0].model.hash == study.model.hash


def test_a_cancelled_design_goes_on_to_the_same_bytes(small, monkeypatch, tmp_path):
    monkeypatch.setenv("FUNIS_CACHE", without_banks_of(tmp_path))

    class Stop(Exception):
        pass

    def stop(growing):
        if growing.done == 2:
            raise Stop

    asked = {"sizes": (8, 16), "replicates": 2, "structures": ("dose_emax",), **SMALL}
    with pytest.raises(Stop):
        design_trial("ra_two_arm", **asked, watch=stop)
    kept = len(list((tmp_path / "banks").iterdir()))
    assert kept == 2
    again = design_trial("ra_two_arm", **asked)
    assert json.dumps(design_document(again)) == json.dumps(design_document(small))


def test_what_a_slow_method_decided_is_kept_and_comes_back_the_same(
    two_arm, small_pool, monkeypatch, tmp_path
):
    monkeypatch.setenv("FUNIS_CACHE", without_banks_of(tmp_path))
    request = replace(
        two_arm.protocol.endpoints[1], method="wilcoxon", role="primary", measure="change"
    )
    rule = replace(
        two_arm.protocol.success, endpoint="DAS28_CRP", measure="difference_in_location",
        direction="less",
    )  # fmt: skip
    protocol = replace(two_arm.protocol, endpoints=(request,), success=rule)
    plan = design_plan(replace(two_arm, protocol=protocol), 16)
    assert plan.slow
    null = World("null", PRESENT, Points(("potency",), np.zeros((2, 1))))
    ask = Ask(plan, settings_of(plan, small_pool, (PRESENT,)), [null], ((4, 4), (8, 8)), 40)
    first = grow(ask, 1, silent, None)[0]
    assert len(list((tmp_path / "decisions").iterdir())) == 1
    monkeypatch.setattr("funis.pipeline.design.grow.decide", None)
    again = grow(ask, 1, silent, None)[0]
    for sizes in ask.sizes:
        for name in ("estimate", "low", "high", "success", "patients"):
            one, other = (getattr(x.decided[sizes], name) for x in (first, again))
            assert np.array_equal(one, other, equal_nan=True)
    assert np.array_equal(first.truth, again.truth)


def test_a_stratum_cut_at_the_median_of_all_draws_is_judged_when_all_are_there(
    two_arm, small_pool, no_banks, monkeypatch
):
    monkeypatch.setenv("FUNIS_CACHE", no_banks)
    request = replace(two_arm.protocol.endpoints[0], method="cmh", strata=("DAS28_CRP",))
    protocol = replace(two_arm.protocol, endpoints=(request,))
    plan = design_plan(replace(two_arm, protocol=protocol), 16)
    assert plan.needs_whole_bank
    points = Points(("potency",), np.linspace(0, 2, 60)[:, None])
    world, told = World("posterior", PRESENT, points), []
    ask = Ask(plan, settings_of(plan, small_pool, (PRESENT,)), [world], ((8, 8),), 4)
    grown = grow(ask, 1, silent, told.append)[0]
    assert [one.shares for one in told] == [()] * len(told)
    expected = decide(plan, outcomes(plan, grown.bank), (8, 8), 4)
    assert np.array_equal(grown.decided[8, 8].estimate, expected.estimate, equal_nan=True)


def test_the_truth_beside_a_dot_is_what_its_estimates_are_of(small):
    """Mean and truth of the dots of a draw's part agree, however few patients a trial has."""
    dots = small.points[1].dots
    misses = np.array([dot.estimate - dot.truth for dot in dots])
    assert abs(misses.mean()) < 4 * misses.std(ddof=1) / np.sqrt(len(misses))
    for dot in dots[:3]:
        again = replicate_trial("ra_two_arm", n=16, replicate=dot.replicate, **SMALL)
        assert again.truth == {"msc": dot.truth}


def test_no_patient_is_shown_without_the_band_of_his_arm(small):
    again = replicate_trial("ra_two_arm", n=16, replicate=3, **SMALL)
    document = twin_document(again, 12)
    (arm,) = document["bands"]
    assert arm == document["patients"][0]["arm"] == "msc"
    band = document["bands"][arm]["DAS28_CRP"]
    mine = np.array([one.courses["DAS28_CRP"][0] for one in again.patients if one.arm == "msc"])
    assert band["own"]["n"][0] == 8
    assert band["own"]["median"][0] == pytest.approx(np.median(mine[:, 0]))
    assert document["evidence"].startswith("Evidence:")
    assert "median" in twin_tables(again, 12)[1].columns[3]


def test_a_patient_has_his_doses_and_the_truth_behind_what_was_seen(small):
    again = replicate_trial("ra_two_arm", n=16, replicate=3, **SMALL)
    for one in again.patients:
        days = [dose.day for dose in one.doses]
        left = one.events["discontinuation"]
        if one.arm == "placebo":
            assert days == []
        elif left is None:
            assert days == [0, 28, 56]  # the last of four is on the day of the last visit
        assert set(one.truth) == {"DAS28_CRP"}
        assert all(np.isfinite(one.truth["DAS28_CRP"][0]))


# ---- picking patients


def test_nobody_is_in_a_trial_twice_and_every_site_has_every_arm(plan):
    big = replace(plan, patients=256)
    numbers = np.arange(40)
    places = picked(big, (67, 67, 66), numbers)
    assert [one.shape for one in places] == [(40, 67), (40, 67), (40, 66)]
    for row in range(40):
        everybody = np.concatenate([one[row] for one in places])
        assert len(np.unique(everybody)) == 200
        assert everybody.max() < 256
        by_site = np.array([np.bincount(one[row] // 128, minlength=2) for one in places])
        assert np.ptp(by_site, axis=0).max() <= 2
    again = picked(big, (67, 67, 66), numbers[7:9])
    assert all(np.array_equal(a[7:9], b) for a, b in zip(places, again, strict=True))


# ---- closed forms


def _flat(values):
    """Return outcomes of banks without sites that matter."""
    return Outcomes(values, np.zeros_like(values), None)


def test_power_for_two_shares_is_what_enumeration_gives(plan):
    """All tables of two binomials, judged one by one by the interval of the library."""
    luck, n, shares = np.random.default_rng(5), 40, (0.25, 0.55)
    values = (luck.random((200, 2, 128)) < np.array(shares)[None, :, None]).astype(np.float64)
    made = decide(plan, _flat(values), (n, n), 200)
    exact = 0.0
    for a in range(n + 1):
        for b in range(n + 1):
            if newcombe(b, n, a, n).low > 0:
                exact += binom.pmf(a, n, shares[0]) * binom.pmf(b, n, shares[1])
    by_draw = made.any_arm.mean(axis=1)
    error = by_draw.std(ddof=1) / np.sqrt(len(by_draw))
    assert by_draw.mean() == pytest.approx(exact, abs=3.5 * error)
    assert error < 0.03


def test_power_for_two_means_is_the_noncentral_t(plan):
    request = replace(plan.request, endpoint="DAS28_CRP", measure="change")
    rule = replace(plan.rule, measure="difference_in_means", direction="less")
    other = replace(plan, request=request, rule=rule)
    n, shift = 30, -0.7
    values = np.random.default_rng(6).standard_normal((200, 2, 128))
    values[:, 1] += shift
    made = decide(other, _flat(values), (n, n), 200)
    freedom, lift = 2 * n - 2, shift * np.sqrt(n / 2)
    exact = nct.cdf(t.ppf(0.025, freedom), freedom, lift)
    by_draw = made.any_arm.mean(axis=1)
    error = by_draw.std(ddof=1) / np.sqrt(len(by_draw))
    assert by_draw.mean() == pytest.approx(exact, abs=3.5 * error)


# ---- the bank against a trial that is conducted and analysed


def test_a_bank_says_of_each_patient_what_the_tables_of_a_trial_say(two_arm, small_pool, ra):
    """The array form of the strategies gives the values that the analysis of tables gives."""
    plan = design_plan(two_arm, 16)
    protocol = replace(
        plan.trial.protocol, dropout=replace(two_arm.protocol.dropout, rate_per_year=2.0)
    )
    study = Study(protocol, ra, small_pool, two_arm.products, 30, 11)
    data = conduct(study)
    arms = [arm.id for arm in protocol.arms]
    who = enrol(study, np.arange(study.size))
    arm_of = np.array([arms.index(arm) for arm in data.subjects["arm"]])
    found = follow_rows(study, who, arm_of, {}, ["ACR20", "DAS28_CRP"])
    table = SampleTable(data, ra.endpoints, protocol.estimand)
    for request in plan.trial.protocol.endpoints:
        rows = table.samples(request, arms)
        how = replace(plan.handling, request=request)
        if request.measure == "change":
            how = replace(how, strategies=table.strategies(responder=False))
        values = endpoint_values(found.tables[request.endpoint], plan.weeks, found.events, how)
        for place, arm in enumerate(arms):
            own, other = (np.sort(x) for x in (values[arm_of == place], rows[arm].values))
            assert np.array_equal(own, other, equal_nan=True)


def test_another_arm_changes_no_other_patients_trajectory(demo, small_pool):
    """Nor does another visit: the bank of the same arms holds the same bytes."""
    one = design_plan(demo, 16)
    rule = replace(one.trial.protocol.success, arms=("single", "four_monthly"))
    both = design_plan(replace(demo, protocol=replace(demo.protocol, success=rule)), 16)
    points = Points(("potency",), np.array([[1.0], [0.5]]))
    tables = []
    for plan in (one, both):
        setting = settings_of(plan, small_pool, (PRESENT,))[PRESENT]
        people = np.concatenate([np.arange(16), np.arange(16, 32)])
        found = follow_people(plan, setting.study, setting.who.rows(people), points, [0, 1])
        tables.append({arm: found["table:ACR20"][:, k] for k, arm in enumerate(plan.arms)})
    for arm, table in tables[0].items():
        assert np.array_equal(table, tables[1][arm], equal_nan=True)


def test_cells_that_do_nothing_make_every_patient_his_own_twin(two_arm, small_pool):
    plan = design_plan(two_arm, 16)
    settings = settings_of(plan, small_pool, (PRESENT,))
    null = World("null", PRESENT, Points(("potency",), np.zeros((2, 1))))
    bank = build_banks(plan, settings, [null], 1, silent)[0]
    values = outcomes(plan, bank).values
    assert np.array_equal(values[:, 0], values[:, 1])


# ---- what a user may get wrong


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"sizes": (3,)}, "n: 3 patients in all arms; expected at least 4"),
        ({"sizes": (20,)}, "--patients 128 follows as many"),
        ({"sizes": (8,), "structures": ("dose_ema",)}, "did you mean 'dose_emax'?"),
        ({"sizes": (8,), "ensemble": "own_"}, "did you mean 'own'?"),
        ({"sizes": (8,), "replicates": 0}, "replicates"),
        ({"sizes": (8,), "patients": 200}, "16 to 128, or a multiple of 128"),
    ],
)
def test_wrong_input_is_one_line(asked, line):
    with pytest.raises(InputError) as caught:
        design_trial("ra_two_arm", **{"replicates": 1, **SMALL, **asked})
    assert len(caught.value.issues) == 1
    assert line in str(caught.value)


def test_a_trial_without_a_rule_has_no_power(tmp_path):
    text = find_trial("ra_two_arm").read_text(encoding="utf-8")
    start, end = text.index("success:"), text.index("dropout:")
    path = tmp_path / "open.yaml"
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    with pytest.raises(InputError, match="no success rule"):
        design_trial(path, sizes=(8,), **SMALL)


def test_sizes_are_a_range_or_a_list():
    assert parse_sizes("60:120:30") == (60, 90, 120)
    assert parse_sizes("60,100") == (60, 100)
    for text in ("60:120", "a", "60:20:5", "60,70:80", "60:120:0"):
        with pytest.raises(InputError, match="no list of sizes"):
            parse_sizes(text)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"world": "posteriro"}, "world"),
        ({"replicate": -1}, "replicate"),
        ({"n": 2}, "at least 4"),
    ],
)
def test_a_wrong_replicate_is_one_line(asked, line):
    with pytest.raises(InputError, match=line):
        replicate_trial("ra_two_arm", **{"n": 8, "replicate": 0, **SMALL, **asked})


# ---- methods, multiplicity and looks


TRIAL = find_trial("ra_two_arm").read_text(encoding="utf-8")
ENROLMENT = "design:\n  enrolment: {patients_per_month: 10, sites: 3}\n"


def written(path, *changes, end=""):
    """Return the trial of a file with some changes."""
    text = TRIAL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text + end, encoding="utf-8")
    return path


def rule(line):
    return ("  direction: greater\n", f"  direction: greater\n{line}\n")


@pytest.mark.parametrize(
    ("changes", "end", "told"),
    [
        ([], "interim: {looks: [0.5, 1], resize: {rule: promising_zone}}\n", "without enrolment"),
        (
            [rule("  minimal_difference: 0.1")],
            "interim: {looks: [0.5, 1]}\n",
            "a required difference beside interim looks",
        ),
    ],
)
def test_what_replicates_do_not_follow_is_refused(tmp_path, changes, end, told):
    path = written(tmp_path / "trial.yaml", *changes, end=end)
    with pytest.raises(InputError, match=told):
        design_plan(load_trial(path))


METHODS = {
    "miettinen_nurminen": "difference_in_proportions",
    "fisher": "difference_in_proportions",
    "log_rank": "hazard_ratio",
    "cox": "hazard_ratio",
}


@pytest.mark.parametrize("method", METHODS)
def test_a_replicate_decides_as_its_tables_would(tmp_path, method, small_pool, ra):
    """Every method on arrays gives the interval that the analysis of tables gives."""
    path = written(
        tmp_path / "trial.yaml", rule(f"  method: {method}"),
        ("measure: difference_in_proportions", f"measure: {METHODS[method]}"),
        ("rate_per_year: 0.163", "rate_per_year: 1.5"),
    )  # fmt: skip
    trial = load_trial(path)
    plan, protocol = design_plan(trial, 64), trial.protocol
    study = Study(protocol, ra, small_pool, trial.products, 32, 11)
    data = conduct(study)
    decision = estimate(protocol, data, ra.endpoints).success[0]
    arms = [arm.id for arm in protocol.arms]
    arm_of = np.array([arms.index(arm) for arm in data.subjects["arm"]])
    found = follow_rows(study, enrol(study, np.arange(64)), arm_of, {}, plan.endpoints)
    places = [np.flatnonzero(arm_of == arms.index(arm)) for arm in plan.arms]
    tables = {
        name: np.stack([np.stack([table[rows] for rows in places])])
        for name, table in found.tables.items()
    }
    events = {
        k: np.stack([np.stack([v[rows] for rows in places])]) for k, v in found.events.items()
    }
    failed = np.zeros((1, 2, 32), dtype=bool)
    world = World("truth", PRESENT, Points(("potency",), np.ones((1, 1))))
    bank = Bank(world, plan.arms, protocol.visits.weeks, tables, events, failed)
    whole = outcomes(plan, bank)
    samples = [whole.sample(0, arm, np.arange(32)[None, :]) for arm in (0, 1)]
    made = judged(plan, samples)
    shown = (made.estimate[0, 0], made.low[0, 0], made.high[0, 0])
    assert shown == pytest.approx((decision.estimate, decision.low, decision.high), nan_ok=True)
    assert made.success[0, 0] == decision.success


def test_looks_end_trials_early_and_keep_the_error(tmp_path):
    end = "interim: {looks: [0.5, 1], spending: obrien_fleming}\n"
    plan = design_plan(load_trial(written(tmp_path / "trial.yaml", end=end)), 128)
    luck = np.random.default_rng(3)
    null = (luck.random((200, 2, 128)) < 0.3).astype(np.float64)
    made = decide(plan, _flat(null), (60, 60), 100)
    rate, error = made.any_arm.mean(), made.any_arm.mean(axis=1).std() / np.sqrt(200)
    assert rate <= 0.025 + 3 * error
    assert set(np.unique(made.patients)) <= {60.0, 120.0}
    strong = null.copy()
    strong[:, 1] = luck.random((200, 128)) < 0.75
    early = decide(plan, _flat(strong), (60, 60), 20)
    assert early.patients.mean() < 100
    assert early.any_arm.mean() > 0.99


def test_a_trial_that_grows_enrols_more_and_keeps_the_error(tmp_path):
    end = ENROLMENT + "interim: {looks: [0.5, 1], resize: {rule: promising_zone, at_most: 1.5}}\n"
    plan = design_plan(load_trial(written(tmp_path / "trial.yaml", end=end)), 128)
    assert plan.adaptive
    assert plan.most(80) == 120
    null = (np.random.default_rng(4).random((100, 2, 128)) < 0.3).astype(np.float64)
    made = decide(plan, _flat(null), (40, 40), 200)
    rate, error = made.any_arm.mean(), made.any_arm.mean(axis=1).std() / np.sqrt(100)
    assert rate <= 0.025 + 3 * error
    assert made.patients.max() <= 120
    assert made.patients.mean() > 80


def test_replicates_that_one_trial_does_not_show_are_refused_in_one_line(tmp_path):
    end = ENROLMENT + "interim: {looks: [0.5, 1], resize: {rule: promising_zone, at_most: 1.5}}\n"
    adaptive = written(tmp_path / "adaptive.yaml", end=end)
    text = find_trial("ra_two_arm").read_text(encoding="utf-8")
    first = text.index("role: primary")
    strata = f"{text[:first]}method: cmh, strata: [DAS28_CRP], {text[first:]}"
    (tmp_path / "strata.yaml").write_text(strata, encoding="utf-8")
    for path, told in (
        (adaptive, "adapts while it runs"),
        (tmp_path / "strata.yaml", "by a number"),
    ):
        with pytest.raises(InputError, match=f"{told}.*single replicates are not shown") as refused:
            replicate_trial(path, n=16, replicate=0, world="null", **SMALL)
        assert len(str(refused.value).splitlines()) == 1


def test_all_of_so_many_is_no_more_certain_than_none_of_them():
    group = np.arange(8)
    always, never = (mean_share(np.full((8, 10), met), group) for met in (True, False))
    assert (always.low, always.high) == (1 - 3 / 80, 1.0)
    assert (never.low, never.high) == (0.0, 3 / 80)
    assert mean_share(np.ones((2, 1), dtype=bool), np.arange(2)).low == 0.0
