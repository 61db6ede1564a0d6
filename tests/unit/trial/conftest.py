"""A small trial in rheumatoid arthritis that takes a second to conduct."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from funis.models import Model
from funis.population import Pool, draw, weigh_pool
from funis.product import library_product
from funis.protocol import Protocol, load_protocol
from funis.trial import Study

TRIAL = """\
id: small
title: A small trial
disease: ra
seed: 5
population:
  patients_per_arm: 12
  patients_per_site: 8
  screening_day: -14
  run_in_week: 4
  criteria:
    - {id: joints, expression: tjc68 >= 4 and sjc66 >= 2, visits: [screening, baseline]}
    - {id: adult, expression: age_year >= 18, visits: [screening]}
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
        schedule: {start_day: 0, every_day: 28, times: 2}
visits:
  weeks: [0, 4, 8, 12]
endpoints:
  - {endpoint: ACR20, week: 12, measure: responder, role: primary}
  - {endpoint: DAS28_CRP, week: 12, measure: change, role: secondary}
estimand:
  treatment: Cells
  population: All randomised patients
  variable: ACR20 response at week 12
  summary: difference_in_proportions
  intercurrent_events: {discontinuation: composite, rescue: composite}
success:
  endpoint: ACR20
  week: 12
  arms: [msc]
  measure: difference_in_proportions
  direction: greater
dropout:
  rate_per_year: 0.0
"""


@pytest.fixture(scope="session")
def pool(ra: Model) -> Pool:
    """Raw draws, every one accepted: the trial does not ask where its patients come from."""
    draws = draw(ra, 150, 1)
    return weigh_pool(ra, 1, draws, np.full(150, "accepted"), {})


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., Protocol]:
    """Read the small trial, changed by (old, new) and with lines added at its end."""

    def read(*changes: tuple[str, str], end: str = "") -> Protocol:
        text = TRIAL
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "small.yaml"
        path.write_text(text + end)
        return load_protocol(path)

    return read


@pytest.fixture
def study(ra: Model, pool: Pool, small: Callable[..., Protocol]) -> Callable[..., Study]:
    def plan(*changes: tuple[str, str], end: str = "", n: int = 12, seed: int = 5) -> Study:
        products = {"uc_msc_reference": library_product("uc_msc_reference")}
        return Study(small(*changes, end=end), ra, pool, products, n, seed)

    return plan


@pytest.fixture
def tables() -> Callable[[Sequence[object]], list[bytes]]:
    """The bytes of the three tables of a trial."""

    def read(data: object) -> list[bytes]:
        names = ("subjects", "doses", "observations")
        return [getattr(data, name).write_csv().encode() for name in names]

    return read
