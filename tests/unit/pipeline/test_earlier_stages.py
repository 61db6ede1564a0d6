"""Stages 1 and 2 of a disease: the gate's own numbers, checkpoints, and what stage 3 takes."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest

from funis.calibrate.points import Points
from funis.calibrate.settings import load_settings
from funis.evidence import Evidence
from funis.pipeline import earlier_stages as stages_of
from funis.pipeline import frozen_stages, gates, stage_simulations
from funis.pipeline.calibration_data import SEED, design
from funis.pipeline.earlier_stages import RESULT, earlier_stages, within_limits
from funis.pipeline.processes import silent
from funis.pipeline.stage_rows import drug_trials, expected_range, placebo_trials, source_of
from funis.pipeline.stage_simulations import Work, simulations
from funis.pipeline.stage_values import EarlierStages

PATIENTS, MORE, POINTS = 4, 6, 32


@pytest.fixture(autouse=True)
def few(pool, monkeypatch):
    """Let every trial draw from a small pool."""
    for module in (gates, stage_simulations):
        monkeypatch.setattr(module, "trial_pool", lambda *_, **__: pool)


@pytest.fixture(scope="session")
def settings():
    return load_settings("ra")


def work(ra, settings, patients, more, points):
    return Work(ra, settings, patients, more, points, 1, silent, None)


def test_at_the_values_of_the_library_rows_are_those_of_the_placebo_gate(ra, evidence, settings):
    trials = placebo_trials(ra, evidence)
    library = Points(("expectation",), np.array([[1.0], [1.0]]))
    found = simulations(work(ra, settings, 10, 24, 2), 1, trials, library)
    gate = gates.placebo_gate("ra", patients=24, seed=SEED, workers=1)
    shown = {row.source: row for row in gate.rows}
    rows = [row for trial in trials for row in trial.rows]
    assert {row.id for row in rows} == set(shown)
    for place, row in enumerate(rows):
        estimate = shown[row.id].simulated.estimate
        value = found.values[0, place]
        if row.kind == "share":
            value, estimate = 1 / (1 + math.exp(-value)), max(estimate, 0.5 / 24)
        assert value == pytest.approx(estimate), row.id
        assert found.values[1, place] == found.values[0, place]


def test_rows_are_the_hard_ones_that_are_a_difference_to_placebo(ra, evidence):
    rows = [row for trial in drug_trials(ra, evidence) for row in trial.rows]
    named = {row.id.split(":")[0] for row in rows}
    assert {"armada_ra", "option_ra", "radiate_ra", "serene_ra", "mbma_das28_ra"} <= named
    assert not named & {"aim_ra", "reassure_ra"}
    armada = next(row for row in rows if row.id.startswith("armada_ra"))
    assert armada.observed == pytest.approx(0.527)
    assert armada.error == pytest.approx((0.67 - 0.384) / 3.92, rel=0.01)
    assert [one.arm for one in armada.asked] == ["anti_tnf", "placebo"]


def test_the_spread_between_88_trials_is_their_range_over_the_expected_one(ra, evidence):
    rows = {row.id: row for trial in placebo_trials(ra, evidence) for row in trial.rows}
    acr20 = rows["acr20_meta88"]
    width = math.log(0.462 / 0.538) - math.log(0.1 / 0.9)
    assert acr20.between == pytest.approx(width / expected_range(88))
    assert acr20.source == source_of("acr20_meta88") == "acr20"


@pytest.mark.parametrize(
    ("count", "mean"), [(2, 2 / math.sqrt(math.pi)), (3, 3 / math.sqrt(math.pi))]
)
def test_the_expected_range_of_normal_values_is_known(count, mean):
    assert expected_range(count) == pytest.approx(mean, abs=1e-8)


def only(evidence: Evidence) -> Evidence:
    """The evidence with one drug study, so that little is simulated."""
    kept = tuple(study for study in evidence.pharmacology if study.id == "armada_ra")
    return dataclasses.replace(evidence, pharmacology=kept)


def run(ra, evidence, settings, folder):
    return earlier_stages(
        ra, evidence, settings, folder=folder, patients=PATIENTS, more=MORE, points=POINTS
    )


class Killed(Exception):
    """The process ends here."""


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    ra, evidence, settings, tmp_path, monkeypatch
):
    small, followed = only(evidence), stage_simulations.arms_block
    whole = run(ra, small, settings, tmp_path / "whole")
    assert whole.draws.factors.shape == (POINTS, 5)
    calls = []

    def dying(task, patients, *, alone):
        calls.append(patients)
        if len(calls) == 4:
            raise Killed
        return followed(task, patients, alone=alone)

    monkeypatch.setattr(stage_simulations, "arms_block", dying)
    with pytest.raises(Killed):
        run(ra, small, settings, tmp_path / "killed")
    assert len(list((tmp_path / "killed").iterdir())) == 1
    again = run(ra, small, settings, tmp_path / "killed")
    assert len(calls) == 6
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {p.name: p.read_bytes() for p in (tmp_path / "killed").iterdir()} == files
    assert np.array_equal(again.draws.factors, whole.draws.factors)
    half = next((tmp_path / "killed").glob("stage1-*"))
    half.write_bytes(half.read_bytes()[:100])
    run(ra, small, settings, tmp_path / "killed")
    assert len(calls) == 8
    assert half.read_bytes() == files[half.name]
    document = json.loads(files[RESULT])
    assert len(document["draws"]) == POINTS
    assert document["stages"][1]["rows"][0]["id"].startswith("armada_ra")
    assert all(table.markdown() for table in whole.tables())


def test_stage_3_takes_the_draws_of_the_earlier_stages_and_its_own_priors(settings):
    names = tuple(p.parameter for p in settings.priors if p.stage < 3)
    draws = Points(names, 1 + np.arange(4.0)[:, None] + np.zeros(len(names)))
    before, after = design(settings, 8), design(settings, 8, draws)
    assert after.names == before.names
    for place, name in enumerate(after.names):
        if name in names:
            assert after.factors[:, place].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
        else:
            assert np.array_equal(after.factors[:, place], before.factors[:, place])


def test_shares_of_damage_add_up_to_one_at_most(ra, settings):
    priors = settings.stage(2)
    keep = within_limits(ra, settings, priors)
    assert keep(np.zeros((1, len(priors)))).all()
    assert not keep(np.full((1, len(priors)), 0.1)).any()


def test_frozen_draws_are_those_that_were_made_and_none_of_another_basis(
    ra, evidence, settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(frozen_stages, "library_folder", lambda: tmp_path)
    assert frozen_stages.frozen_draws(ra, evidence, settings) is None
    draws = Points(("expectation",), np.array([[1.25], [0.8]]))
    made = EarlierStages("ra", draws, (), ())
    monkeypatch.setattr(frozen_stages, "earlier_stages", lambda *_, **__: made)
    path = frozen_stages.freeze_stages(ra, evidence, settings)
    assert path == tmp_path / "stages" / "ra.json"
    found = frozen_stages.frozen_draws(ra, evidence, settings)
    assert found.names == draws.names
    assert np.array_equal(found.factors, draws.factors)
    assert frozen_stages.frozen_draws(ra, only(evidence), settings) is None


def test_a_stage_whose_weights_are_too_uneven_is_simulated_again_to_the_same_posterior(
    ra, evidence, settings, monkeypatch
):
    trials, none = placebo_trials(ra, evidence), np.zeros((1, 0))
    once = stages_of._stage(work(ra, settings, 16, 48, 32), 1, trials, none)
    monkeypatch.setattr(stages_of, "USABLE_K", -math.inf)
    monkeypatch.setattr(stages_of, "ROUNDS", 2)
    again = stages_of._stage(work(ra, settings, 16, 48, 32), 1, trials, none)
    assert (once.check.rounds, again.check.rounds) == (1, 2)
    for first, second in zip(once.check.parameters, again.check.parameters, strict=True):
        assert second.factor == pytest.approx(first.factor, abs=0.1)
        assert second.sd == pytest.approx(first.sd, abs=0.05)


def test_the_documentation_shows_what_the_library_holds():
    text = (Path(__file__).parents[3] / "docs" / "earlier_stages.md").read_text(encoding="utf-8")
    for table in frozen_stages.stage_overview():
        assert table.rows
        assert table.markdown().strip() in text
