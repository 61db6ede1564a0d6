"""A trial that names a lot: what is simulated is what the lot delivers."""

import json
import re
from dataclasses import replace

import numpy as np
import polars
import pytest

from funis.product import delivered, library_lot, library_product, lot_potency_log_sd
from funis.protocol.protocol import _plain
from funis.trial import check, conduct, enrol
from funis.trial.course import arm_parameters
from funis.trial.lots import lot_parameters

COMPLETE, INCOMPLETE = library_lot("lot_complete"), library_lot("lot_incomplete")
PRODUCT = "product: uc_msc_reference\n"


@pytest.fixture
def lot_study(study):
    """The small trial whose cells are of one lot."""

    def plan(lot, more="", **options):
        named = f"{PRODUCT}        lot: {lot.id}\n{more}"
        made = study((PRODUCT, named), **options)
        return replace(made, products={**made.products, lot.id: lot})

    return plan


def with_viability(share):
    points = tuple(
        replace(p, viability=replace(p.viability, value=share, sd=0.0)) for p in COMPLETE.viability
    )
    return replace(COMPLETE, viability=points)


def treated(plan):
    arm = plan.arms[1]
    who = enrol(plan, np.arange(24))
    table = arm_parameters(plan, (arm,), np.zeros(24, dtype=np.int64), who)
    return {name: table.values[:, table.names.index(name)] for name in ("viability", "lot_potency")}


def change(plan):
    """Mean swollen joints of treated patients at the last visit, the same patients each time."""
    rows = conduct(plan).observations.filter(
        (polars.col("component") == "sjc66") & (polars.col("week") == 12)
    )
    msc = conduct_arms(plan)
    return rows.filter(polars.col("subject").is_in(msc))["value"].to_numpy()


def conduct_arms(plan):
    subjects = conduct(plan).subjects
    return subjects.filter(polars.col("arm") == "msc")["subject"].to_list()


def test_a_lot_sets_the_dose_the_viability_and_one_potency(lot_study):
    lot = replace(COMPLETE, potency=1.3)
    plan = lot_study(lot)
    found = treated(plan)
    assert np.all(found["lot_potency"] == 1.3)
    mean = delivered(lot, 1e6).viability
    assert np.median(found["viability"]) == pytest.approx(mean, rel=0.05)
    doses = conduct(plan).doses
    usual = conduct(replace(plan, protocol=without_lot(plan.protocol))).doses
    assert np.allclose(doses["amount"].to_numpy(), 0.95 * usual["amount"].to_numpy())


def without_lot(protocol):
    arms = tuple(
        replace(arm, interventions=tuple(replace(one, lot=None) for one in arm.interventions))
        for arm in protocol.arms
    )
    return replace(protocol, arms=arms)


def test_sites_differ_more_the_less_a_lot_reports(lot_study):
    spreads = [
        np.std(np.log(treated(lot_study(lot))["viability"])) for lot in (COMPLETE, INCOMPLETE)
    ]
    assert 0 < spreads[0] < spreads[1]
    one_site = lot_study(INCOMPLETE).protocol.population.patients_per_site
    assert len(np.unique(treated(lot_study(INCOMPLETE))["viability"][:one_site])) == 1
    assert np.all(treated(lot_study(INCOMPLETE))["viability"] <= 1)


def test_a_potency_that_is_not_reported_is_one_draw_of_the_lot():
    known = ("lot_potency",)
    drawn = [lot_parameters(INCOMPLETE, seed, known)["lot_potency"] for seed in range(400)]
    assert np.std(np.log(drawn)) == pytest.approx(lot_potency_log_sd(), rel=0.15)
    assert lot_parameters(INCOMPLETE, 3, known)["lot_potency"] == drawn[3]
    other = replace(INCOMPLETE, id="another")
    assert lot_parameters(other, 3, known)["lot_potency"] != drawn[3]
    assert lot_parameters(INCOMPLETE, 3, ()) == {}
    assert lot_parameters(library_product("uc_msc_reference"), 3, known) == {}


def test_the_response_moves_with_the_living_cells_and_none_gives_none(lot_study):
    seen = {share: change(lot_study(with_viability(share), n=40)) for share in (0.9, 0.3, 0.0)}
    usual = lot_study(with_viability(0.9), n=40)
    arms = tuple(
        replace(arm, scenario=type(arm.scenario)({"potency": 0.0})) for arm in usual.protocol.arms
    )
    nothing = change(replace(usual, protocol=replace(usual.protocol, arms=arms)))
    effect = {share: float(np.mean(nothing - values)) for share, values in seen.items()}
    assert effect[0.9] > effect[0.3] > 0
    assert abs(effect[0.0]) <= 0.05 * effect[0.9]


def test_a_lot_that_no_arm_names_changes_no_table(study, tables):
    plan = study()
    lots = {**plan.products, "lot_complete": COMPLETE}
    assert tables(conduct(plan)) == tables(conduct(replace(plan, products=lots)))


def test_an_intervention_without_a_lot_keeps_its_hash(study):
    (one,) = study().protocol.arms[1].interventions
    words = set(re.findall(r'"(\w+)":', json.dumps(_plain(one))))
    assert {"lot", "allow_failed_lot"}.isdisjoint(words)
    assert {"lot"} <= set(_plain(replace(one, lot="lot_complete")))


def test_an_unknown_lot_a_foreign_one_and_a_failed_one_are_refused(lot_study, study):
    unknown = study((PRODUCT, f"{PRODUCT}        lot: lot_complet\n"))
    assert any("did you mean 'lot_complete'?" in text for text in told(unknown))
    foreign = lot_study(replace(COMPLETE, product="bm_msc_reference"))
    assert any("is a lot of 'bm_msc_reference'" in text for text in told(foreign))
    (line,) = told(lot_study(library_lot("lot_failed")))
    assert "lot 'lot_failed' fails release" in line
    assert "small.yaml:21: arms[1].interventions[0].lot" in line
    allowed = lot_study(library_lot("lot_failed"), "        allow_failed_lot: true\n")
    assert told(allowed) == []
    assert told(lot_study(INCOMPLETE)) == []


def told(plan):
    return [str(issue) for issue in check(plan.protocol, plan.model, plan.products)]


def test_a_lot_in_one_arm_changes_no_other_arm(lot_study, study):
    named, usual = conduct(lot_study(INCOMPLETE)), conduct(study())
    for table in ("observations", "subjects"):
        rows = []
        for data in (named, usual):
            ids = data.subjects.filter(polars.col("arm") == "placebo")["subject"].to_list()
            rows.append(getattr(data, table).filter(polars.col("subject").is_in(ids)).write_csv())
        assert rows[0] == rows[1]


def test_holds_of_sites_replace_that_of_the_lot_and_are_then_known(lot_study):
    sites = "design: {sites: {hold_minute: {mean: 200, sd: 1}, source: assumed}}\n"
    quiet = replace(COMPLETE, infusion_minute=0.0, unknown=("hold_minute",))
    late = treated(lot_study(quiet, end=sites))["viability"]
    early = treated(lot_study(quiet))["viability"]
    assert np.median(late) < np.median(early)
    steady = replace(quiet, viability=with_viability(0.8).viability)
    assert np.allclose(treated(lot_study(steady, end=sites))["viability"], 0.8)
    assert np.std(treated(lot_study(steady))["viability"]) > 0
