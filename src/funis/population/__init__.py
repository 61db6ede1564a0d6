"""Virtual patients: keyed random numbers, raw draws, the gate, the weighted pool, the cohort."""

from funis.population.cohort import Cohort, allocate, blocks, site_effect, site_of
from funis.population.comparison import MarginalRow, compare_marginals
from funis.population.draws import RawDraws, draw
from funis.population.fluctuation import Fluctuation, fluctuation
from funis.population.gate import Gate, GateResult, GateRow, gate_table, pass_gate
from funis.population.pool import Pool, build_pool, choose, load_pool, save_pool, weigh_pool
from funis.population.randomise import arrival_days, arrival_sites, expected_days, randomise
from funis.population.streams import Stream, exponential, normal, uniform

__all__ = [
    "Cohort",
    "Fluctuation",
    "Gate",
    "GateResult",
    "GateRow",
    "MarginalRow",
    "Pool",
    "RawDraws",
    "Stream",
    "allocate",
    "arrival_days",
    "arrival_sites",
    "blocks",
    "build_pool",
    "choose",
    "compare_marginals",
    "draw",
    "expected_days",
    "exponential",
    "fluctuation",
    "gate_table",
    "load_pool",
    "normal",
    "pass_gate",
    "randomise",
    "save_pool",
    "site_effect",
    "site_of",
    "uniform",
    "weigh_pool",
]
