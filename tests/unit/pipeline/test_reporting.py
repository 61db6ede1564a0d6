import dataclasses
from dataclasses import replace

import numpy as np
import polars
import pytest

from funis.analysis import published_results
from funis.models import disease_ids, library_folder, load_model
from funis.pipeline.reporting import arms, courses, endpoints, mechanism, methods, published
from funis.pipeline.reporting.published import evidence_base, evidence_text, stand_in
from funis.protocol import CONTINUOUS, Intervention, library_structures, load_protocol
from funis.trial import Study
from funis.trial.twins import Courses


@pytest.fixture(scope="session")
def study(demo, pool):
    return Study(demo.protocol, demo.model, pool, demo.products, 10, 1)


# ---- arms


def test_a_regimen_is_told_in_words(study):
    text = {arm.id: arms.regimen_text(arm, study) for arm in study.protocol.arms}
    assert text["placebo"] == "No cells and no drug beside the background"
    assert text["four_monthly"].startswith(
        "1 million cells/kg by intravenous infusion, days 0, 28, 56, 84 ("
    )
    assert text["advertised"].startswith("75 million cells by intravenous infusion, days 0, 182,")
    assert text["anti_tnf"] == "TNF inhibitor at the standard dose, without a break from day 0"


def test_many_days_are_shortened_and_a_course_of_a_drug_has_its_length(study):
    cells = Intervention("c", product="uc_msc_reference", dose_cell=12345.0, route="iv",
                         days=tuple(range(9)))  # fmt: skip
    assert "12,345 cells by intravenous infusion, 9 times from day 0 to day 8" in (
        arms.intervention_text(cells, study)
    )
    drug = Intervention("d", drug="mtx", dose=0.5, days=(0.0, 28.0), duration_day=14.0)
    assert arms.intervention_text(drug, study) == (
        "Methotrexate at 0.5 standard doses, days 0, 28, 14 days each"
    )


def test_the_calendar_ends_with_the_trial(study):
    advertised, anti_tnf = study.protocol.arm("advertised"), study.protocol.arm("anti_tnf")
    assert arms.dose_weeks(advertised, 52.0) == (0.0, 26.0, 52.0)
    assert arms.later_doses(advertised, 52.0) == 3
    assert arms.drug_weeks(anti_tnf, 52.0) == ((0.0, 52.0),)
    assert anti_tnf.interventions[0].duration_day == CONTINUOUS


def test_a_changed_assumption_is_told(study):
    words = arms.scenario_text(study.protocol.arm("no_effect"), study.model)
    assert words.endswith("set to 0")


# ---- endpoints


def test_endpoints_are_named_for_people(ra):
    points = ra.endpoints
    assert endpoints.endpoint_name("ACR20", points) == "ACR 20 % response"
    assert endpoints.endpoint_name("EULAR_good", points) == "EULAR response (DAS28-ESR): good"
    assert endpoints.short_name("DAS28_CRP", points) == "DAS28-CRP"
    assert endpoints.short_name("pain_vas", points) == "Patient's assessment of pain"
    assert endpoints.better("ACR20", points) == "higher"
    assert endpoints.better("DAS28_CRP", points) == "lower"
    assert endpoints.better("pain_vas", points) == "lower"


def test_a_score_shows_the_cuts_of_its_responders(ra):
    view = endpoints.score_view("DAS28_CRP", ra.endpoints)
    assert ("remission 2.6", 2.6) in view.thresholds
    assert ("low disease activity 3.2", 3.2) in view.thresholds
    assert view.minimal_important_difference == 1.2
    assert endpoints.score_view("SHARP_TOTAL", ra.endpoints).structural


def test_the_question_and_the_rule_are_those_of_the_protocol(done, demo, ra):
    asked = endpoints.question(demo.protocol, ra.endpoints)
    assert '"1 million/kg monthly, 4 times" better than "Placebo"' in asked
    assert "ACR 20 % response at week 12" in asked
    rule = endpoints.success_view(done.study.protocol, done.results, ra.endpoints)
    assert "the 95% interval of the difference in ACR 20 % response at week 12" in rule.rule
    assert rule.rule.endswith("lies above 0")
    assert [outcome.arm for outcome in rule.outcomes] == ["msc"]
    text = endpoints.estimand_text(demo.protocol)
    assert "discontinuation: composite, rescue: composite" in text


def test_responder_curves_are_the_estimates(done):
    curve = next(c for c in done.report.responder_curves if c.arm == "msc")
    weeks = [f"ACR20@{week:g}" for week in curve.weeks]
    assert weeks == ["ACR20@4", "ACR20@12", "ACR20@24"]
    assert list(curve.estimate) == [done.results.estimate("msc", key).estimate for key in weeks]


# ---- courses


def test_twins_are_followed_for_three_years_and_a_year_after_the_last_cell(demo, two_arm):
    assert courses.horizon_week(two_arm.protocol) == 157
    assert courses.horizon_week(demo.protocol) == int(np.ceil((910 + 60 + 365) / 7))


def made(arm, live, score=1.0):
    days = np.arange(0, 200) * 7.0
    values = np.stack([np.where(days <= live, 1.0, 0.0), np.full(len(days), score)], axis=-1)
    return Courses(arm, np.array([0]), (days * 1440).astype(np.int64), ("live", "x"),
                   values[None], np.zeros(1, np.int8))  # fmt: skip


def test_the_last_live_cell_is_found_and_a_lasting_drug_has_none(study):
    cells, drug = study.protocol.arm("single"), study.protocol.arm("anti_tnf")
    assert courses.last_live_cell_day(made("single", 21.0), cells) == [21.0]
    assert np.isnan(courses.last_live_cell_day(made("single", -1.0), cells)[0])
    assert np.isnan(courses.last_live_cell_day(made("anti_tnf", 21.0), drug)[0])


def test_a_structural_course_begins_at_zero(done, ra):
    course = done.twins[0]
    model = dataclasses.replace(ra)
    values = np.concatenate([course.values, np.full((*course.values.shape[:2], 1), 5.0)], axis=2)
    grown = dataclasses.replace(course, outputs=(*course.outputs, "sharp_total"), values=values)
    assert np.all(courses.score_course(model, grown, "SHARP_TOTAL") == 0.0)


def test_bands_lie_in_order_and_treated_beside_twin(done):
    for item in done.report.trajectories:
        for band in (item.treated, item.twin):
            parts = [band.q10, band.q25, band.median, band.q75, band.q90]
            assert np.all(np.diff(np.stack(parts), axis=0) >= 0)
        assert item.treated.median[0] == item.twin.median[0]


def test_the_headline_of_durability_is_there_for_every_other_arm(done):
    (row,) = done.report.durability
    assert row.n == len(done.twins[0].patient) == 6
    assert row.time_averaged_effect.estimate < 0
    assert 0 <= row.share_of_days.low <= row.share_of_days.estimate <= row.share_of_days.high <= 1
    assert row.improved_after_12_months.estimate == 0.0
    assert "minimal important difference of 1.2" in done.report.durability_text


# ---- mechanism


def test_cytokines_and_their_sources_are_found_by_name(ra):
    assert {"TNF", "IL1", "IL6", "IFN", "IL17", "IL10", "TGFB"} == set(mechanism.cytokines(ra))
    assert "IL10_by_msc" in mechanism.sources(ra, "IL10")
    assert mechanism.sources(ra, "IL17") == ()


def test_shares_of_the_sources_sum_to_one(done):
    panels = [panel for panel in done.report.mechanism if panel.shares]
    made = {f"made_{factor}" for factor in ("IL10", "TGFB", "HGF", "VEGF")}
    assert {"TNF", "IL10", "TGFB", "IL6", "IL1", "IFN"} | made == {panel.id for panel in panels}
    for panel in panels:
        there = panel.treated.median > 0
        np.testing.assert_allclose(np.sum(list(panel.shares.values()), axis=0)[there], 1.0)
    il10 = next(panel for panel in panels if panel.id == "IL10")
    assert {"MSC", "Treg", "Macrophages", "Licensed monocytes"} <= set(il10.shares)


def test_cells_are_shown_by_compartment_and_state(done):
    assert [panel.compartment for panel in done.report.cells] == [
        "Lung and blood", "Liver and spleen", "Joints", "Rest of the body",
    ]  # fmt: skip
    lung = done.report.cells[0]
    assert lung.states["live, not licensed"].max() > 10
    assert lung.weeks[-1] == done.study.protocol.visits.last_week


def test_panels_name_the_cells_factors_and_immune_cells(done):
    ids = {panel.id for panel in done.report.mechanism}
    cells = {"TRG", "TH1", "T17", "TM", "NK", "BA", "IL17", "M1", "M2", "D", "R"}
    assert cells | {"PGE2_IDO", "HGF", "VEGF", "LM"} <= ids


def test_what_living_cells_make_is_split_by_compartment_and_the_twin_makes_nothing(done):
    panels = [panel for panel in done.report.mechanism if panel.id == "made_IL10"]
    assert panels
    for panel in panels:
        assert panel.unit == "pg/day"
        assert not panel.twin.median.any()
        assert set(panel.shares) <= {"Lung and blood", "Liver and spleen", "Joints"}
    assert max(panel.treated.median.max() for panel in panels) > 0


@pytest.mark.parametrize("disease", disease_ids())
def test_every_disease_shows_cytokines_with_sources_immune_cells_and_repair(disease):
    model = load_model(disease)
    shown = set(mechanism.mechanism_outputs(model))
    wanted = {"IL10", "TGFB", "TNF", "IL1", "TH1", "T17", "BA", "NK", "TRG", "VEGF", "HGF", "R"}
    assert wanted <= shown
    for cytokine in ("IL10", "TGFB", "TNF", "IL1"):
        assert len(mechanism.sources(model, cytokine)) >= 2
    cells = {f"{kind}_{place}" for kind in ("X", "LM", "P") for place in ("lu", "ls", "ti")}
    assert cells <= shown


def test_the_target_tissue_has_the_name_that_the_disease_gives_it(ra):
    assert mechanism.compartments(ra)["ti"] == "Joints"
    assert mechanism.panel_name(ra, "M_ti") == "Live MSC in the joints"


# ---- beside published studies


STUDIES = {"he2020_ra", "kafaja2017_ra"}


@pytest.fixture(scope="session")
def items(evidence, ra):
    return published_results(evidence, ra.endpoints)[0]


def beside(items, trial, evidence, **wanted):
    item = next(i for i in items if all(getattr(i, k) == v for k, v in wanted.items()))
    return stand_in(trial, evidence, item)


@pytest.mark.parametrize(
    ("wanted", "arm"),
    [
        ({"study": "he2020_ra", "arm": "msc"}, "single"),
        ({"study": "he2020_ra", "arm": "msc_ifn"}, None),
        ({"study": "kafaja2017_ra", "arm": "mpc_1M"}, "single"),
        ({"study": "kafaja2017_ra", "arm": "placebo"}, "placebo"),
        ({"study": "jamshidi2024_ra", "arm": "msc"}, "four_monthly"),
        ({"study": "armada_ra", "arm": "adalimumab_40"}, "anti_tnf"),
        ({"study": "armada_ra", "arm": "placebo"}, "placebo"),
        ({"study": "rabeam_ra", "arm": "adalimumab"}, "anti_tnf"),
        ({"study": "rabeam_ra", "arm": "baricitinib_4"}, None),
        ({"study": "option_ra", "arm": "placebo"}, None),
        ({"study": "mbma_das28_ra", "arm": "all_except_tocilizumab"}, "anti_tnf"),
        ({"study": "mbma_das28_ra", "arm": "tocilizumab"}, None),
        ({"study": "acr20_meta88: 88 trials"}, "placebo"),
        ({"study": "acr50_wk24_mtx_ir_table: SERENE"}, None),
    ],
    ids=str,
)
def test_the_nearest_arm_stands_beside_a_published_one(items, study, evidence, wanted, arm):
    found = beside(items, study, evidence, **wanted)
    assert found.arm == arm
    assert found.arm is not None or found.note


def test_cells_are_a_guide_and_drugs_are_judged(items, study, evidence):
    cells = beside(items, study, evidence, study="kafaja2017_ra", arm="mpc_1M")
    assert not cells.judged
    assert "cells from bone marrow, simulated from umbilical cord" in cells.note
    assert beside(items, study, evidence, study="armada_ra", arm="adalimumab_40").judged


def test_every_published_row_has_its_design_and_number_randomised(done):
    rows = done.report.published
    assert rows
    for row in rows:
        assert row.design
        assert row.verdict in ("guide", "passed", "failed")
        if row.randomised and row.study in STUDIES:
            assert row.n_randomised is not None
    assert {row.study for row in rows} >= STUDIES
    assert all(skipped.reason for skipped in done.report.skipped)


def test_the_grade_follows_from_numbers_and_design(evidence):
    base = evidence_base(evidence)
    assert (base.randomised_studies, base.randomised_patients) == (6, 289)
    assert base.grade == "low"
    assert evidence_text(base).startswith("Evidence: low; 6 randomised studies")
    nothing = dataclasses.replace(evidence, studies=())
    assert evidence_base(nothing).grade == "very low"
    assert evidence_base(None) is None
    assert evidence_text(None) == "Evidence: none recorded."


def test_an_arm_with_one_drug_alone_is_that_drugs_arm(study):
    assert published.arm_of_drug(study, "anti_tnf") == "anti_tnf"
    assert published.arm_of_drug(study, "mtx") is None


def test_a_drug_that_the_reference_takes_too_has_no_arm_of_its_own(study):
    protocol = study.protocol
    drug = next(arm for arm in protocol.arms if arm.id == "anti_tnf")
    arms = tuple(
        dataclasses.replace(arm, interventions=drug.interventions) if arm.reference else arm
        for arm in protocol.arms
    )
    treated = dataclasses.replace(study, protocol=dataclasses.replace(protocol, arms=arms))
    assert published.arm_of_drug(treated, "anti_tnf") is None


# ---- methods


def test_every_parameter_and_every_noise_is_listed_with_its_status(ra):
    rows = methods.parameter_rows(ra)
    assert len(rows) == len(ra.parameters) + len(ra.endpoints.components)
    assert {row.status for row in rows} <= {"assumed", "calibrated", "measured", "derived"}
    assert any(row.by_hand for row in rows if row.status == "calibrated")
    assert next(row for row in rows if row.id == "age").spread == "normal, sd 12.2, 18 to 85"
    assert next(row for row in rows if row.id == "tjc68.noise_sd").value > 0


def test_competing_forms_are_named_and_off(ra):
    protocol = load_protocol(library_folder() / "trials" / "ra_two_arm.yaml")
    rows = {row.name: row for row in methods.structure_rows(protocol, ra)}
    name = "Bistable memory (bistable_memory)"
    assert {name, "Cells raise Th17 directly (th17_up)"} <= set(rows)
    assert "M2 macrophages and TGF-beta repair in fibrosis too (m2_tgfb_reparative)" not in rows
    assert not any(row.active for row in rows.values())
    one = library_structures()["bistable_memory"]
    arm = replace(protocol.arms[1], structures=(one,))
    for changed, where in (
        (replace(protocol, structures=(one,)), "in every arm"),
        (replace(protocol, scenario=one.parameters), "in every arm"),
        (replace(protocol, arms=(protocol.arms[0], arm)), arm.label),
    ):
        on = [row for row in methods.structure_rows(changed, ra) if row.active]
        assert [(row.name, row.where) for row in on] == [(name, where)]
    assert "structure bistable_memory" in arms.scenario_text(arm, ra)


def test_provenance_is_enough_to_run_again(done, two_arm):
    source = methods.provenance(two_arm, done.study, done.data, 6)
    assert source.command == "funis run ra_two_arm --patients 12 --seed 5 --ensemble none"
    assert source.protocol_file == "library/trials/ra_two_arm.yaml"
    assert source.model_hash == done.study.model.hash
    assert source.library_version.startswith("funis ")
    assert set(source.more) >= {"product uc_msc_reference", "twins", "Python"}
    assert methods.version("no-such-package") == "unknown"


def test_the_command_of_a_run_keeps_what_changes_its_numbers(done, two_arm):
    def command(basis, name="ra_two_arm"):
        return methods.run_command(replace(two_arm, name=name), done.study, basis)

    assert command("borrowed") == "funis run ra_two_arm --patients 12 --seed 5"
    assert command("prior") == "funis run ra_two_arm --patients 12 --seed 5 --ensemble prior"
    assert command("borrowed", "my trial.yaml").startswith("funis run 'my trial.yaml' --")


def test_the_second_solutions_of_a_run_are_told(done):
    nobody = done.data.subjects.with_columns(solver_deviation=polars.lit(None, polars.Float64))
    assert methods.second_solutions(replace(done.data, subjects=nobody)) == "no patient, of so few"
    some = nobody.with_columns(
        solver_deviation=polars.when(polars.col("subject") < 2).then(polars.col("subject") + 0.25)
    )
    assert methods.second_solutions(replace(done.data, subjects=some)) == (
        "2 patients; largest difference 1.2 times the relative tolerance"
    )
