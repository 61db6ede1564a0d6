"""What is pooled with what: strata, routes, weeks, denominators; one function for all trials."""

import json
import math
from dataclasses import replace

import pytest

from funis.analysis import trial_effect
from funis.checks import InputError
from funis.evidence import (
    Arm,
    Design,
    Evidence,
    GateRow,
    NaturalRow,
    Outcome,
    Population,
    ProductRecord,
    Source,
    Study,
)
from funis.evidence.meta import Counts, pool, risk_ratio
from funis.pipeline import straight_line
from funis.pipeline.meta import choices, document, meta_analysis, pictures, run, text
from funis.pipeline.meta.numbers import shown_interval, stratum_interval
from funis.report.forest import forest_plot
from funis.report.funnel import funnel_plot

CELLS = Arm("msc", n=20, route="iv", cells_per_infusion=7e7)
PLACEBO = Arm("placebo", n=20, route="iv", cells_per_infusion=0.0)


def study(name, kind, arms, *outcomes, source="umbilical_cord", **more):
    return Study(
        id=name,
        title=name,
        disease="ra",
        design=Design(kind, control="placebo"),
        population=Population(n=sum(arm.n or 0 for arm in arms)),
        product=ProductRecord(source=source),
        arms=tuple(arms),
        outcomes=tuple(outcomes),
        adverse_events=(),
        sources=(Source("https://example.org"),),
        confidence="high",
        **more,
    )


def acr20(arm, events, n=20, week=12.0, **more):
    return Outcome(arm, "ACR20", week=week, n=n, events=events, **more)


def controlled(name, cells, control, kind="randomized", **more):
    rows = (acr20("msc", cells), acr20("placebo", control))
    return study(name, kind, (CELLS, PLACEBO), *rows, **more)


def alone(name, events, arm=CELLS, **more):
    return study(name, "single_arm", (arm,), acr20(arm.id, events, **more))


@pytest.fixture
def published(monkeypatch, ra):
    """Put studies in the place of the evidence on rheumatoid arthritis."""
    monkeypatch.setattr(run, "load_model", lambda _: ra)

    def put(*studies, drugs=(), natural=()):
        evidence = Evidence("ra", studies, tuple(drugs), tuple(natural))
        monkeypatch.setattr(run, "load_evidence", lambda _: evidence)

    return put


def pooled(**more):
    return meta_analysis("ra", "ACR20", week=12, **more)


def reasons(found):
    return {item.study: item.reason for item in found.left_out}


def test_designs_are_pooled_apart_and_labelled(published):
    published(
        controlled("a", 10, 5), controlled("b", 12, 4),
        controlled("c", 15, 5, "nonrandomized_controlled"),
        controlled("d", 16, 4, "nonrandomized_controlled"),
        alone("e", 14), alone("f", 11),
    )  # fmt: skip
    found = pooled()
    assert [one.kind for one in found.strata] == [
        "randomised contrast", "non-randomised contrast", "single-arm",
    ]  # fmt: skip
    assert [one.measure for one in found.strata] == ["rr", "rr", "proportion"]
    assert [len(one.members) for one in found.strata] == [2, 2, 2]
    assert [one.randomised for one in found.strata] == [80, 0, 0]
    own = [risk_ratio("a", Counts(10, 20), Counts(5, 20)),
           risk_ratio("b", Counts(12, 20), Counts(4, 20))]  # fmt: skip
    assert found.strata[0].pooled.estimate == pool(own).estimate


def test_arms_alone_are_pooled_apart_too_and_compare_nothing(published):
    published(controlled("a", 10, 5), controlled("b", 12, 4), alone("e", 14), alone("f", 11))
    found = pooled(measure="proportion")
    assert [one.kind for one in found.strata] == ["randomised arms", "single-arm"]
    assert {one.measure for one in found.strata} == {"proportion"}
    assert all(member.n_control is None for one in found.strata for member in one.members)
    assert found.strata[0].patients == 40
    assert any("not known" in line for line in text.stratum_lines(found.strata[0]))


def test_meta_analyses_other_products_and_other_routes_are_left_out_with_their_reason(published):
    local = replace(CELLS, route="local")
    published(
        alone("e", 14), alone("f", 11), alone("l", 12, arm=local),
        study("m", "meta_analysis", (CELLS,), acr20("msc", 9)),
        replace(alone("v", 9), product=ProductRecord("adipose", notes="uncultured SVF")),
    )  # fmt: skip
    found = pooled()
    assert [member.effect.study for member in found.strata[0].members] == ["e", "f"]
    told = reasons(found)
    assert told["l"] == "given by the route 'local', not by vein (--any-route pools it)"
    assert told["m"].startswith("a meta-analysis")
    assert told["v"] == "the product is not cultured stromal cells"
    assert len(pooled(any_route=True).strata[0].members) == 3


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("role", "context", "marked as context"),
        ("duplicate_of", "e", "reports the same patients as e"),
        ("excluded_reason", "another disease", "another disease"),
    ],
)
def test_a_study_that_is_marked_is_left_out(published, key, value, words):
    published(alone("e", 14), alone("f", 11), replace(alone("x", 9), extra=((key, value),)))
    found = pooled()
    assert len(found.strata[0].members) == 2
    assert reasons(found)["x"].startswith(words)


def test_rows_counted_by_cycle_or_without_a_printed_denominator_are_left_out(published):
    cycles = replace(CELLS, n=None, extra=(("n_cycles", 20),))
    published(
        alone("e", 14), alone("f", 11), alone("x", 9, arm=cycles),
        study("y", "single_arm", (CELLS,), acr20("msc", 9, extra=(("n_unknown", True),))),
    )  # fmt: skip
    assert reasons(pooled()) == {
        "x": "counted by treatment cycle, not by patient",
        "y": "the denominator was not printed",
    }


def test_a_count_without_a_denominator_is_left_out_and_an_arms_size_is_said(published):
    share = acr20("msc", None, n=None, pct=45.0)
    without = study("x", "single_arm", (replace(CELLS, n=None),), share)
    whole = study("y", "single_arm", (CELLS,), share)
    published(alone("e", 14), whole, without)
    found = pooled()
    assert reasons(found) == {"x": "the number of patients of the arm 'msc' is not stated"}
    one = found.strata[0].members[1]
    assert one.cells == "9/20"
    assert "not of this result" in one.notes[0]
    assert one.notes[1] == "count computed from 45 % of 20"


def test_double_zeros_are_left_out_of_ratios_and_kept_in_differences(published):
    published(controlled("a", 10, 5), controlled("b", 12, 4), controlled("z", 0, 0))
    assert "no event in both arms" in reasons(pooled())["z"]
    assert len(pooled(measure="rd").strata[0].members) == 3


def test_several_arms_with_cells_share_one_control_once(published):
    high = Arm("high", n=10, route="iv", cells_per_infusion=7e8)
    three = study(
        "t", "randomized", (CELLS, high, PLACEBO),
        acr20("msc", 8), acr20("high", 6, n=10), acr20("placebo", 5),
    )  # fmt: skip
    published(three, controlled("a", 10, 5))
    member = pooled().strata[0].members[1]
    assert (member.cells, member.control) == ("14/30", "5/20")
    assert member.notes[0] == "2 arms with cells taken together"
    assert member.log_dose == pytest.approx((20 * math.log10(7e7) + 10 * math.log10(7e8)) / 30)


def drug(name, mechanism, *outcomes):
    gate = GateRow(
        name, mechanism, "x", "benefit", "risk_difference_pp", "higher", "hard", "printed", "ACR20",
        arm="low", reference="placebo",
    )  # fmt: skip
    arms = (Arm("low", n=20), Arm("high", n=20), Arm("placebo", n=20))
    found = study(name, "randomized", arms, *outcomes, source=None)
    return replace(found, mechanism=mechanism, gate=gate, product=ProductRecord("drug", drug="x"))


def test_drugs_are_pooled_by_mechanism_and_by_the_arm_that_their_gate_names(published):
    def rows(low, control):
        return acr20("low", low), acr20("high", 20), acr20("placebo", control)

    published(drugs=[drug("a", "anti-TNF", *rows(12, 4)), drug("b", "anti-TNF", *rows(11, 5)),
                     drug("c", "anti-BAFF", *rows(9, 5))])  # fmt: skip
    found = pooled(of="drugs")
    assert [one.mechanism for one in found.strata] == ["anti-BAFF", "anti-TNF"]
    assert found.strata[0].pooled is None
    assert [member.cells for member in found.strata[1].members] == ["12/20", "11/20"]
    assert found.strata[1].label == "Randomised controlled: anti-TNF against placebo"
    assert "favours drug" in forest_plot(pictures.forest(found))


def test_placebo_arms_are_pooled_alone_and_no_pooled_row_with_them(published):
    def natural(name, **more):
        content = {"endpoint": "ACR20", "week": 12.0, "source": "x"}
        return NaturalRow(name, "placebo_response", **(content | more))

    trials = tuple(
        (("trial", name), ("events", events), ("n", 40)) for name, events in (("A", 9), ("B", 14))
    )
    published(natural=[natural("table", rows=trials), natural("review", n=900, pct=30, trials=9)])
    found = pooled(of="placebo")
    (stratum,) = found.strata
    assert stratum.label == "Placebo arms of randomised trials: no comparison"
    assert [member.cells for member in stratum.members] == ["9/40", "14/40"]
    assert reasons(found)["9 trials"].startswith("several trials pooled")


def test_each_study_gives_its_row_nearest_to_the_week(published):
    rows = [acr20("msc", events, week=week) for events, week in ((5, 4.0), (9, 11.0), (7, 24.0))]
    published(alone("e", 14), study("f", "single_arm", (CELLS,), *rows))
    assert [member.week for member in pooled().strata[0].members] == [12.0, 11.0]
    with pytest.raises(InputError, match="nothing to pool for 'ACR20' in 'ra' within 0 weeks"):
        pooled(window=0)
    assert meta_analysis("ra", "ACR20").week in (11.0, 12.0)


def test_centre_families_are_counted(published):
    twice = [replace(alone(name, 9), extra=(("family", "one clinic"),)) for name in ("e", "f")]
    published(*twice, alone("g", 14))
    stratum = pooled().strata[0]
    assert stratum.shared == ("one clinic",)
    assert any("may share patients: one clinic" in line for line in text.stratum_lines(stratum))


def test_a_dose_is_regressed_on_or_the_reason_is_said(published):
    arms = [replace(CELLS, cells_per_infusion=dose) for dose in (1e7, 5e7, 1e8, 4e8)]
    rows = ((9, arms[0]), (12, arms[1]), (11, arms[2]), (16, arms[3]))
    published(*(alone(f"s{i}", events, arm=arm) for i, (events, arm) in enumerate(rows)))
    found = pooled(by="dose").strata[0]
    assert found.regression.coefficients[1].name == "log10 of cells of one infusion"
    assert "proves nothing" in found.regression.notes[0]
    assert pooled(by="route").strata[0].regression_reason == (
        "no covariate differs between the studies"
    )


def test_deviations_come_from_what_is_printed_and_unlabelled_spreads_do_not(published):
    def change(name, **printed):
        row = Outcome("msc", "DAS28ESR_change", week=12.0, n=20, mean=-1.5, **printed)
        return study(name, "single_arm", (CELLS,), row)

    published(
        change("a", sd=1.0), change("b", ci95=(-2.0, -1.0)), change("c", extra=(("se", 0.2),)),
        change("d", extra=(("iqr", (-2.1, -0.9)),)), change("e", extra=(("pm", 0.4),)), change("f"),
    )  # fmt: skip
    found = meta_analysis("ra", "DAS28_ESR_change")
    members = found.strata[0].members
    assert [member.effect.study for member in members] == ["a", "b", "c", "d"]
    assert [bool(member.notes) for member in members] == [False, True, True, True]
    assert "deviation or an error" in reasons(found)["e"]
    assert reasons(found)["f"] == "no spread is stated"


def test_virtual_and_published_trials_are_pooled_by_one_function(pool_of_two, published):
    effects = [
        trial_effect(f"virtual {i}", done.results, "msc", "placebo", "ACR20@12", "rr")
        for i, done in enumerate(pool_of_two)
    ]
    published(controlled("a", 10, 5), controlled("b", 12, 4))
    real = [member.effect for member in pooled().strata[0].members]
    found = pool([*effects, *real])
    assert [effect.study for effect in found.effects] == ["virtual 0", "virtual 1", "a", "b"]
    assert math.isfinite(found.estimate)
    changes = [
        trial_effect(f"v{i}", done.results, "msc", "placebo", "DAS28_CRP_change@12", "md")
        for i, done in enumerate(pool_of_two)
    ]
    contrast = next(
        one for one in pool_of_two[0].results.contrasts if one.endpoint == "DAS28_CRP_change@12"
    )
    assert changes[0].estimate == pytest.approx(contrast.estimate)
    assert pool(changes).heterogeneity.freedom == 1


@pytest.fixture(scope="module")
def pool_of_two(pool, two_arm):
    """Two small virtual trials."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_line, "trial_pool", lambda *_, **__: pool)
        return [
            straight_line.virtual_trial(two_arm, None, patients=12, seed=seed, twins=0)
            for seed in (5, 6)
        ]


def test_the_document_is_plain_data_and_the_pictures_carry_what_they_must(published):
    published(controlled("a", 10, 5), controlled("b", 12, 4), alone("e", 14), alone("f", 0))
    found = pooled()
    plain = json.loads(json.dumps(document.document(found), allow_nan=False))
    assert plain["strata"][0]["study_type"] == "randomised"
    assert plain["strata"][0]["randomised_patients"] == 80
    assert plain["strata"][0]["pooled"]["leave_one_out"] == []
    drawn = forest_plot(pictures.forest(found))
    funnel = funnel_plot("t", pictures.funnels(found), (found.evidence,))
    for picture in (drawn, funnel):
        assert "Not a medical device" in picture
        assert "Evidence: " in picture
    assert drawn.index("Randomised controlled") < drawn.index("Single-arm studies: no control")
    assert drawn.count('class="diamond"') == 2


def test_one_study_is_refused_in_one_line_and_unknown_names_name_the_nearest(published):
    published(controlled("a", 10, 5))
    with pytest.raises(InputError) as told:
        pooled()
    assert "randomised contrast: one study; expected" in str(told.value)
    for words, near in (
        ({"measure": "rrr"}, "rr"), ({"method": "rem"}, "reml"), ({"by": "doze"}, "dose"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"did you mean '{near}'"):
            pooled(**words)
    with pytest.raises(InputError, match="did you mean 'ACR20'"):
        meta_analysis("ra", "ACR2O")
    with pytest.raises(InputError, match="does not fit 'ACR20', which is a response"):
        pooled(measure="md")


def test_what_can_be_pooled_is_listed(published):
    published(controlled("a", 10, 5), controlled("b", 12, 4), alone("e", 14))
    (found,) = choices("ra")
    assert found.poolable
    assert found.studies == (("randomised contrast", 2, 80), ("single-arm", 1, 20))
    assert text.choices_table("ra", [found]).rows[0][3] == "yes"


def test_what_several_studies_that_do_not_pool_add_up_to_is_not_known():
    found = run.base_of("sle")
    strata, _ = run.strata_near(found, "SLEDAI", week=26, window=20, measure="md", any_route=True)
    member = strata[0].members[0]
    one = run.pooled_stratum(strata[0].kind, (member,))
    assert stratum_interval(one) == shown_interval(member.effect)
    assert stratum_interval(replace(one, members=(member, member))) is None
