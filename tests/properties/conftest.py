"""A trial of two short visits, so that many patients take seconds."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from funis.models import Model
from funis.population import draw, weigh_pool
from funis.product import library_product
from funis.protocol import load_protocol
from funis.trial import Study

TRIAL = """\
id: short
title: A short trial
disease: ra
seed: 11
population: {{patients_per_arm: 5, patients_per_site: 7, run_in_week: 1, criteria: [
  {{id: joints, expression: tjc68 >= 3, visits: [baseline]}}]}}
arms:
  - {{id: placebo, label: Placebo, control: placebo}}
  - id: msc
    label: Cells
    interventions:
      - product: uc_msc_reference
        dose_cell_per_kg: 1.0e+6
        route: iv
        schedule: {{days: [0, 7]}}
{arms}
visits: {{weeks: [0, 1, 2]}}
endpoints: [{{endpoint: ACR20, week: 2, measure: responder, role: primary}}]
estimand: {{treatment: Cells, population: All, variable: ACR20, summary: difference_in_proportions,
  intercurrent_events: {{discontinuation: composite, rescue: composite}}}}
success: {{endpoint: ACR20, week: 2, arms: [msc], measure: difference_in_proportions,
  direction: greater}}
dropout: {{rate_per_year: 2.0}}
{rules}
"""


@pytest.fixture(scope="session")
def short_trial(ra: Model, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """A study of so many patients an arm, with arms and rules added as text."""
    draws = draw(ra, 100, 1)
    pool = weigh_pool(ra, 1, draws, np.full(100, "accepted"), {})
    products = {"uc_msc_reference": library_product("uc_msc_reference")}
    folder = tmp_path_factory.mktemp("trial")

    def plan(n: int, *, arms: str = "", rules: str = "", seed: int = 11) -> Study:
        path: Path = folder / "short.yaml"
        path.write_text(TRIAL.format(arms=arms, rules=rules))
        return Study(load_protocol(path), ra, pool, products, n, seed)

    return plan
