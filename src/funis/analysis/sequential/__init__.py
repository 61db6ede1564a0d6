"""Group-sequential and adaptive trials: bounds, estimates, changes at a look; no data, no files."""

from funis.analysis.sequential.adaptive import Adapted, AdaptivePlan, simulate_adaptive
from funis.analysis.sequential.adjusted import Adjusted, adjusted, repeated_intervals
from funis.analysis.sequential.combination import (
    closed_combination,
    closed_z,
    combined_z,
    dunnett_p,
    intersection_p,
    keep_best,
    second_stage_z,
)
from funis.analysis.sequential.design import (
    Boundaries,
    Characteristics,
    Monitored,
    Side,
    boundaries,
    characteristics,
    drift_of_power,
    ending,
    monitor,
)
from funis.analysis.sequential.paths import Crossing, crossing
from funis.analysis.sequential.randomise import (
    allocation_shares,
    best_probability,
    draw_arm,
    limited,
)
from funis.analysis.sequential.replicated import Looked, look_statistics, looked
from funis.analysis.sequential.resize import (
    Promise,
    blinded_sd,
    conditional_power,
    patients_for_means,
    patients_for_rates,
    promising_zone,
    within_limits,
)
from funis.analysis.sequential.spending import spent

__all__ = [
    "Adapted",
    "AdaptivePlan",
    "Adjusted",
    "Boundaries",
    "Characteristics",
    "Crossing",
    "Looked",
    "Monitored",
    "Promise",
    "Side",
    "adjusted",
    "allocation_shares",
    "best_probability",
    "blinded_sd",
    "boundaries",
    "characteristics",
    "closed_combination",
    "closed_z",
    "combined_z",
    "conditional_power",
    "crossing",
    "draw_arm",
    "drift_of_power",
    "dunnett_p",
    "ending",
    "intersection_p",
    "keep_best",
    "limited",
    "look_statistics",
    "looked",
    "monitor",
    "patients_for_means",
    "patients_for_rates",
    "promising_zone",
    "repeated_intervals",
    "second_stage_z",
    "simulate_adaptive",
    "spent",
    "within_limits",
]
