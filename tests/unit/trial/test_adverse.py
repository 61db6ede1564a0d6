"""Adverse events in a conducted trial: mock administrations, leaving, and the same luck."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from funis.safety import library_safety, middle_rates
from funis.trial import conduct
from funis.trial.adverse import mock_interventions
from funis.trial.dosing import dose_only


def raised(study):
    """Return rates under which every second administration is followed by a fever."""
    rates = middle_rates(library_safety(), study.model.id)
    often = {key: replace(one, control=0.4, cells=0.7) for key, one in rates.after.items()}
    return replace(rates, after=often)


@pytest.fixture
def small(study):
    return study()


def test_a_masked_control_gets_the_mock_of_the_arm_with_most_doses(small):
    mock = mock_interventions(small.protocol.arms)
    assert [one.days for one in mock] == [(0.0, 28.0)]
    events = dose_only(replace(small, patients_per_arm=400), raised(small)).adverse_events
    placebo = events.filter((pl.col("arm") == "placebo") & pl.col("dose").is_not_null())
    assert set(placebo["source_kind"]) == {"procedure"}
    assert set(placebo["dose"]) == {1, 2}
    assert set(placebo["route"]) == {"iv"}


def test_patients_and_not_arms_decide_what_the_procedure_does(small):
    """Under swapped arms what the mock caused comes under cells as well, until a patient dies."""
    small = replace(small, patients_per_arm=600)
    rates = raised(small)
    swapped = replace(small, protocol=replace(small.protocol, arms=small.protocol.arms[::-1]))
    one, other = (dose_only(study, rates).adverse_events for study in (small, swapped))
    caused = one.filter((pl.col("arm") == "placebo") & (pl.col("source_kind") == "procedure"))
    keys = ["subject", "term", "day"]
    died = other.filter(pl.col("grade") == 5).select("subject")
    alive = caused.join(died, on="subject", how="anti")
    assert alive.height > 1000
    assert alive.join(other.select(keys), on=keys, how="anti").height == 0


def test_an_open_control_has_no_procedure(small):
    arms = (replace(small.protocol.arms[0], control="standard_of_care"), small.protocol.arms[1])
    study = replace(small, protocol=replace(small.protocol, arms=arms), patients_per_arm=300)
    events = dose_only(study, raised(study)).adverse_events
    assert events.filter(pl.col("arm") == "placebo")["dose"].null_count() > 0
    assert events.filter((pl.col("arm") == "placebo") & (pl.col("dose") > 0)).height == 0


def test_a_conducted_trial_has_the_events_of_its_doses(small):
    data = conduct(small)
    again = conduct(replace(small, patients_per_arm=14))
    events = data.adverse_events
    after = events.filter((pl.col("arm") == "msc") & pl.col("dose").is_not_null())
    counts = data.doses.filter(pl.col("route") == "iv").group_by("subject").len()
    joined = after.join(counts, on="subject", how="left")
    assert np.all(joined["dose"].to_numpy() <= joined["len"].fill_null(0).to_numpy())
    assert again.adverse_events.height >= 0
    assert conduct(small).adverse_events.equals(events)
