"""A series without a control, taken apart: parts that add up, cells that do nothing."""

import numpy as np
import pytest

from funis.pipeline import series, straight_line
from funis.pipeline.inputs import load_trial
from funis.pipeline.run import series_entry
from funis.report import render_trial
from funis.report.series import first_line, series_tables
from funis.trial import Study, conduct, enrol
from funis.trial.series import LAYERS, layered_changes, run_in_mean

TEXT = """
id: twenty
title: Twenty patients
disease: ra
seed: 7
population:
  patients_per_arm: 20
  patients_per_site: 20
  criteria:
    - {id: active, expression: DAS28_CRP > 4.5, visits: [screening, baseline], source: test}
arms:
  - id: cells
    label: Cells
    scenario: {potency: POTENCY}
    interventions:
      - product: uc_msc_reference
        dose_cell: 7.5e+7
        route: iv
        schedule: {days: [0]}
visits: {weeks: [0, 4, 12]}
endpoints:
  - {endpoint: DAS28_CRP, week: 12, measure: change, role: primary}
estimand:
  treatment: one infusion
  population: all
  variable: change of DAS28-CRP
  summary: difference_in_means
  intercurrent_events: {discontinuation: hypothetical, rescue: treatment_policy}
dropout: {rate_per_year: 1.5, source: test}
rules:
  - id: rescue
    visits: [4]
    when: DAS28_CRP > 5
    action:
      rescue: true
      give: [{drug: steroid, dose: 1.0, schedule: {start_day: 0, continuous: true}}]
    source: test
"""


def trial_of(folder, potency):
    file = folder / "twenty.yaml"
    file.write_text(TEXT.replace("POTENCY", potency), encoding="utf-8")
    return load_trial(file)


@pytest.fixture(scope="module")
def done(pool, tmp_path_factory):
    """The series with cells that do nothing, conducted and reported."""
    trial = trial_of(tmp_path_factory.mktemp("series"), "0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(straight_line, "trial_pool", lambda *_, **__: pool)
        patch.setattr(series, "MANY", 60)
        return straight_line.virtual_trial(trial, None, patients=20, seed=7)


@pytest.fixture(scope="module")
def view(done):
    return done.report.series[0]


def test_the_parts_add_up_to_what_is_reported(view):
    assert sum(part.change for part in view.parts) == pytest.approx(view.reported.change, abs=1e-9)
    assert sum(part.share for part in view.parts) == pytest.approx(view.reported.share, abs=1e-9)
    usual = sum(part.usual_change.estimate for part in view.parts)
    assert usual == pytest.approx(view.reported.usual_change.estimate, abs=1e-9)


def test_what_is_reported_is_the_estimate_of_the_tables(done, view):
    found = done.results.estimate("cells", "DAS28_CRP_change@12")
    assert view.seen == found.n < view.n
    assert view.reported.change == pytest.approx(found.estimate, abs=1e-9)


def test_cells_of_potency_0_have_no_part_at_all_and_the_section_says_so_first(done, view):
    assert view.cells.change == 0.0
    assert view.cells.share == 0.0
    assert view.cells.usual_change.low == view.cells.usual_change.high == 0.0
    assert view.placebo.change == view.reported.change  # placebo would have shown the same
    page = render_trial(done.report)
    section = page[page.index('<section id="series">') :]
    first = section[section.index("<p") : section.index("</p>")]
    assert first_line(view).replace("'", "&#39;") in first
    assert "exactly 0" in first


def test_most_are_better_at_all_though_cells_do_nothing(view):
    assert view.usually_better.estimate > 0.5
    assert 0 <= view.reported.share <= view.better <= 1


def test_every_layer_that_the_trial_has_takes_its_part(view):
    parts = {part.layer: part for part in view.parts}
    assert tuple(parts) == LAYERS
    for layer in ("drugs", "expectation", "inflation"):
        assert parts[layer].usual_change.high < 0  # each lowers the score
    bad_time = ("measurement", "regression", "season")
    assert sum(parts[layer].usual_change.estimate for layer in bad_time) < 0


def test_a_series_is_told_as_plain_data(view):
    entry = series_entry(view)
    assert list(entry["parts"]) == list(LAYERS)
    assert entry["on_placebo"]["change"] == entry["reported"]["change"]
    (table,) = series_tables((view,))
    assert [row.total for row in table.rows] == [False] * len(LAYERS) + [True, True]


def test_acting_cells_have_a_part_of_their_own(pool, tmp_path):
    trial = trial_of(tmp_path, "1")
    study = Study(trial.protocol, trial.model, pool, trial.products, 20, 7)
    who = enrol(study, np.arange(20))
    found = layered_changes(study, trial.protocol.arms[0], who, "DAS28_CRP", 12)
    cells = found.left[LAYERS.index("cells") - 1] - found.left[LAYERS.index("cells")]
    assert cells.mean() < 0
    assert np.all(found.left[-1] == 0)


def test_those_let_in_at_a_bad_time_stood_above_their_own_mean(pool, tmp_path):
    trial = trial_of(tmp_path, "0")
    study = Study(trial.protocol, trial.model, pool, trial.products, 60, 7)
    who = enrol(study, np.arange(60))
    arm = trial.protocol.arms[0]
    found = layered_changes(study, arm, who, "DAS28_CRP", 12)
    at = LAYERS.index("regression")
    before_minus_entry = found.left[at - 1] - found.left[at]
    assert before_minus_entry.mean() < 0
    assert run_in_mean(study, who, "DAS28_CRP").shape == (60,)


def test_a_trial_with_a_reference_has_no_such_section(pool, two_arm):
    study = Study(two_arm.protocol, two_arm.model, pool, two_arm.products, 4, 1)
    assert not series.is_uncontrolled(two_arm.protocol)
    assert series.series_views(study, conduct(study), None, None) == ()
