"""A small valid trial file, and a function that changes one line of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

TRIAL = """\
id: small
title: A small trial
disease: ra
seed: 1
population:
  patients_per_arm: 20
  criteria:
    - {id: joints, expression: tjc68 >= 6, visits: [screening, baseline]}
arms:
  - id: placebo
    label: Placebo
    control: placebo
  - id: msc
    label: Cells
    interventions:
      - product: uc_msc_reference
        dose_cell_per_kg: 1.0e+6
        route: iv
        schedule: {start_day: 0, every_day: 28, times: 4}
      - drug: ifn
        dose: 0.5
        schedule: {days: [0], duration_day: 7}
visits:
  weeks: [0, 4, 12, 24]
endpoints:
  - {endpoint: ACR20, week: 12, measure: responder, role: primary}
  - {endpoint: DAS28_CRP, week: 24, measure: change, role: secondary}
estimand:
  treatment: Cells
  population: All randomised patients
  variable: ACR20 response at week 12
  summary: difference_in_proportions
  intercurrent_events: {discontinuation: composite, rescue: treatment_policy}
success:
  endpoint: ACR20
  week: 12
  arms: [msc]
  measure: difference_in_proportions
  direction: greater
dropout:
  rate_per_year: 0.1
rules:
  - id: redose
    arms: [msc]
    visits: [12]
    when: change(DAS28_CRP) > -0.6 and doses_given < 6
    action:
      give:
        - product: uc_msc_reference
          dose_cell: 7.0e+7
          route: iv
          schedule: {days: [0]}
      stop: [ifn]
    at_most: 1
    min_gap_week: 4
"""


@pytest.fixture
def trial_text() -> str:
    return TRIAL


@pytest.fixture
def write_trial(tmp_path: Path) -> Callable[..., Path]:
    """Write the small trial with pieces of its text replaced."""

    def write(*changes: tuple[str, str]) -> Path:
        text = TRIAL
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the trial"
            text = text.replace(old, new)
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
