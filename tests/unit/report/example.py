"""An invented virtual trial in rheumatoid arthritis: shapes are realistic, numbers mean nothing."""

from __future__ import annotations

import zlib

import numpy as np

from funis.analysis.results import Contrast, Estimate
from funis.report.content import (
    ArmSummary,
    Band,
    CellPanel,
    DrawGate,
    DrugGateRow,
    DurabilityRow,
    EndpointView,
    EvidenceBase,
    Interval,
    MechanismPanel,
    ParameterRow,
    Provenance,
    PublishedRow,
    ResponderCurve,
    ScoreView,
    SimulatedArm,
    SkippedRow,
    StructureRow,
    SuccessOutcome,
    SuccessView,
    TargetRow,
    Trajectory,
    TrialReport,
)
from funis.report.scales import Array

WEEKS = np.arange(0.0, 53.0)
VISITS = np.array([0.0, 2, 4, 8, 12, 16, 24, 36, 52])
N = 300


ARMS = (
    ArmSummary(
        "placebo", "Placebo", "Cell-free medium by vein, day 0", N, "placebo",
        dropped_out=31, rescued=52, dose_weeks=(0.0,),
    ),
    ArmSummary(
        "no_effect", "No-effect scenario", "One infusion of 1 million cells/kg, potency 0", N,
        dropped_out=30, rescued=51, dose_weeks=(0.0,), scenario="lot potency set to 0",
    ),
    ArmSummary(
        "msc_single", "One infusion", "One infusion of 1 million cells/kg by vein, day 0", N,
        dropped_out=28, rescued=46, dose_weeks=(0.0,),
    ),
    ArmSummary(
        "msc_monthly", "Four monthly infusions", "1 million cells/kg by vein, days 0, 28, 56, 84",
        N, dropped_out=25, rescued=38, dose_weeks=(0.0, 4.0, 8.0, 12.0),
    ),
    ArmSummary(
        "advertised", "Advertised recipe (claim under test)",
        "75 million cells by vein, days 0, 30 and 60, again every 6 months", N,
        dropped_out=26, rescued=41, dose_weeks=(0.0, 4.3, 8.6, 26.0, 52.0),
    ),
    ArmSummary(
        "anti_tnf", "Anti-TNF", "TNF blocker at standard dose throughout", N,
        dropped_out=22, rescued=19, drug_weeks=((0.0, 52.0),),
    ),
)  # fmt: skip
EFFECT = {
    "placebo": 0.0, "no_effect": 0.0, "msc_single": 0.35, "msc_monthly": 0.85,
    "advertised": 0.7, "anti_tnf": 1.15,
}  # fmt: skip
SHARE = {
    "ACR20": (0.29, 0.30), "ACR50": (0.085, 0.25), "ACR70": (0.03, 0.14), "remission": (0.04, 0.12),
}  # fmt: skip
SOURCES = ("MSC", "Monocyte", "Treg", "Macrophage", "T cell", "Stroma")
CYTOKINES = (
    ("tnf", "TNF", -0.35), ("il1b", "IL-1β", -0.3), ("il6", "IL-6", -0.25),
    ("ifng", "IFN-γ", -0.15), ("il17", "IL-17", -0.2), ("il10", "IL-10", 0.9),
    ("tgfb", "TGF-β", 0.4), ("hgf", "HGF", 0.5), ("vegf", "VEGF", 0.25),
    ("pge2", "PGE2/IDO index", 1.1),
)  # fmt: skip
OTHERS = (
    ("treg", "Treg", "T, NK and B cells", 0.5), ("th1", "Th1", "T, NK and B cells", -0.2),
    ("th17", "Th17", "T, NK and B cells", -0.25), ("nk", "NK cells", "T, NK and B cells", -0.15),
    ("b_active", "Activated B cells", "T, NK and B cells", -0.15),
    ("licensed", "Licensed monocytes", "Myeloid cells", 2.5),
    ("m1", "M1 macrophages", "Myeloid cells", -0.3), ("m2", "M2 macrophages", "Myeloid cells", 0.4),
    ("damage", "Tissue damage", "Tissue", -0.12), ("repair", "Repair", "Tissue", 0.2),
)  # fmt: skip


def noise(key: str, size: int) -> Array:
    """Return smooth noise that depends on a key alone."""
    raw = np.random.default_rng(zlib.crc32(key.encode())).normal(size=size + 6)
    return np.asarray(np.convolve(raw, np.ones(7) / 7.0, mode="valid"))


def pulse(arm: ArmSummary, weeks: Array, life: float = 9.0) -> Array:
    """Return the shape of an arm's effect over weeks, at most about one."""
    total = np.zeros_like(weeks)
    for dose in arm.dose_weeks:
        after = np.maximum(weeks - dose, 0.0)
        total += (1.0 - np.exp(-after / 2.0)) * np.exp(-after / life) * (weeks >= dose)
    for start, _ in arm.drug_weeks:
        total = 1.0 - np.exp(-np.maximum(weeks - start, 0.0) / 4.0)
    return np.asarray(total / max(total.max(), 1.0))


def band(median: Array, spread: float, floor: float = 0.0) -> Band:
    """Return quantiles around a median."""
    steps = {"q10": -1.6, "q25": -0.75, "q75": 0.75, "q90": 1.6}
    parts = {name: np.maximum(median + step * spread, floor) for name, step in steps.items()}
    return Band(median, **parts)


def trajectories() -> tuple[Trajectory, ...]:
    """Return scores over weeks in the active arms."""
    shapes = {"DAS28_CRP": (5.9, 0.75, 0.75), "pain": (64.0, 13.0, 14.0), "CRP": (1.9, 0.5, 0.7)}
    made = []
    for score, (start, drop, spread) in shapes.items():
        fall = start - drop * (1.0 - np.exp(-WEEKS / 6.0)) + 0.06 * drop * noise(score, WEEKS.size)
        for arm in ARMS[1:]:
            change = EFFECT[arm.id] * pulse(arm, WEEKS) * (start / 5.9)
            treated, twin = band(fall - change, spread), band(fall, spread)
            made.append(Trajectory(arm.id, score, WEEKS, treated, twin))
    for arm in ARMS[1:]:
        growth = 4.9 * WEEKS / 52.0
        factor = 1.0 - 0.4 * EFFECT[arm.id] / 1.15
        pair = (band(growth * factor, 1.8), band(growth, 1.8))
        made.append(Trajectory(arm.id, "SHARP", WEEKS, *pair))
    return tuple(made)


def share(arm: ArmSummary, name: str, week: Array) -> Array:
    """Return the share of responders at weeks."""
    base, gain = SHARE[name]
    rise = 1.0 - np.exp(-week / 5.0)
    return np.asarray(base * rise + gain * EFFECT[arm.id] / 1.15 * pulse(arm, week))


def responder_curves() -> tuple[ResponderCurve, ...]:
    """Return ACR20/50/70 by visit in every arm."""
    made = []
    for name in ("ACR20", "ACR50", "ACR70"):
        for arm in ARMS:
            rate = share(arm, name, VISITS)
            error = 1.96 * np.sqrt(np.maximum(rate * (1.0 - rate), 1e-4) / N)
            low, high = np.maximum(rate - error, 0.0), np.minimum(rate + error, 1.0)
            made.append(ResponderCurve(arm.id, name, VISITS, rate, low, high))
    return tuple(made)


def results() -> tuple[tuple[Estimate, ...], tuple[Contrast, ...]]:
    """Return estimates and contrasts of all end points."""
    estimates: list[Estimate] = []
    contrasts: list[Contrast] = []
    for view in ENDPOINTS:
        proportion = view.measure == "responder"
        for arm in ARMS:
            value, error = _value(view, arm)
            measure = "proportion" if proportion else "mean_change"
            method = "Wilson interval" if proportion else "t interval, composite strategy"
            ends = (value - 1.96 * error, value + 1.96 * error)
            ends = (max(ends[0], 0.0), min(ends[1], 1.0)) if proportion else ends
            estimates.append(
                Estimate(arm.id, view.key, view.week, measure, N, value, *ends, view.unit, method)
            )
            if arm.id == "placebo":
                continue
            control, other = _value(view, ARMS[0])
            gap, width = value - control, 1.96 * float(np.hypot(error, other))
            kind = "difference_in_proportions" if proportion else "difference_in_means"
            numbers = (gap, gap - width, gap + width)
            z = abs(gap) / width * 1.96
            p = float(2.0 * np.exp(-0.717 * z - 0.416 * z**2))
            contrasts.append(
                Contrast(
                    arm.id,
                    "placebo",
                    view.key,
                    view.week,
                    kind,
                    *numbers,
                    N,
                    N,
                    "Newcombe interval" if proportion else "",
                    min(p, 1.0),
                )
            )
    return tuple(estimates), tuple(contrasts)


def _value(view: EndpointView, arm: ArmSummary) -> tuple[float, float]:
    if view.measure == "responder":
        rate = float(share(arm, view.key.split("@")[0], VISITS)[view.week == VISITS][0])
        return rate, float(np.sqrt(rate * (1.0 - rate) / N))
    if view.structural:
        return 4.9 * (1.0 - 0.4 * EFFECT[arm.id] / 1.15) * view.week / 52.0, 0.35
    change = -0.65 - EFFECT[arm.id] * float(pulse(arm, np.linspace(0, view.week, 99))[-1])
    return change + (0.02 if arm.id == "no_effect" else 0.0), 1.2 / np.sqrt(N)


ENDPOINTS = (
    EndpointView("ACR20@12", "ACR20 response", 12.0, "responder", "primary", "share"),
    EndpointView(
        "DAS28_CRP_change@12", "Change in DAS28-CRP", 12.0, "change", "secondary", "score points",
        "lower", 1.2,
    ),
    EndpointView("ACR50@12", "ACR50 response", 12.0, "responder", "secondary", "share"),
    EndpointView("ACR70@12", "ACR70 response", 12.0, "responder", "secondary", "share"),
    EndpointView("remission@24", "DAS28-CRP remission", 24.0, "responder", "exploratory", "share"),
    EndpointView(
        "SHARP_change@52", "Change in total Sharp score", 52.0, "change", "secondary",
        "score points", "lower", structural=True,
    ),
)  # fmt: skip
SCORES = (
    ScoreView(
        "DAS28_CRP", "DAS28-CRP", "score points", "lower", 1.2,
        (("remission 2.6", 2.6), ("low activity 3.2", 3.2), ("high activity 5.1", 5.1)),
    ),
    ScoreView("pain", "Pain", "mm of 100", "lower", 10.0),
    ScoreView("CRP", "CRP", "mg/dL"),
    ScoreView("SHARP", "Total Sharp score, change", "score points", structural=True),
)  # fmt: skip


def mechanism() -> tuple[MechanismPanel, ...]:
    """Return the observables of the mechanism in the active arms."""
    made = []
    flat = np.ones_like(WEEKS)
    for arm in ARMS[2:]:
        shape = pulse(arm, WEEKS, 6.0)
        cells = 0.0 if arm.drug_weeks else 1.0
        for id_, name, size in CYTOKINES:
            median = flat + size * shape * (1.0 if cells else 0.5 * (size < 0.0))
            parts = _sources(id_, shape * cells)
            panel = MechanismPanel(
                arm.id, id_, name, "Cytokines and their sources", WEEKS,
                band(median, 0.12), band(flat, 0.1), shares=parts,
            )  # fmt: skip
            made.append(panel)
        for id_, name, group, size in OTHERS:
            median = flat + size * shape * (cells or 0.6 * (id_ != "licensed"))
            treated, twin = band(median, 0.1), band(flat, 0.1)
            made.append(MechanismPanel(arm.id, id_, name, group, WEEKS, treated, twin))
    return tuple(made)


def _sources(key: str, shape: Array) -> dict[str, Array]:
    weights = np.random.default_rng(zlib.crc32(key.encode())).dirichlet(np.ones(5) * 1.5)
    msc = 0.3 * shape
    parts = {"MSC": msc}
    for name, weight in zip(SOURCES[1:], weights, strict=True):
        if weight > 0.03:
            parts[name] = (
                (1.0 - msc) * weight * (1.0 + (0.5 * shape if name == "Monocyte" else 0.0))
            )
    return parts


def cells() -> tuple[CellPanel, ...]:
    """Return infused cells by compartment and state in the cell arms."""
    made = []
    weeks = np.linspace(0.0, 52.0, 365)
    for arm in ARMS[2:5]:
        for place, size, delay in (("lung and blood", 60.0, 0.0), ("liver and spleen", 18.0, 0.3)):
            states = {"live, naive": 3.0, "live, licensed": 2.0, "apoptotic": 1.2, "lysed": 2.5,
                      "label": 0.2}  # fmt: skip
            made.append(
                CellPanel(
                    arm.id,
                    place,
                    weeks,
                    {name: _decay(arm, weeks - delay, size, rate) for name, rate in states.items()},
                )
            )
    return tuple(made)


def _decay(arm: ArmSummary, weeks: Array, size: float, rate: float) -> Array:
    total = np.zeros_like(weeks)
    for dose in arm.dose_weeks:
        days = 7.0 * (weeks - dose)
        total += np.where(days >= 0.0, size * np.exp(-rate * np.maximum(days, 0.0)), 0.0)
    return total


def _durability(arm: ArmSummary) -> DurabilityRow:
    effect, days = -0.3 * EFFECT[arm.id], 0.2 * EFFECT[arm.id]
    return DurabilityRow(
        arm.id,
        N,
        Interval(effect, effect - 0.06, effect + 0.06),
        Interval(days, max(0.0, days - 0.04), days + 0.05),
        None if arm.drug_weeks else Interval(0.03, 0.01, 0.06),
        "drug given throughout" if arm.drug_weeks else "",
    )


def _published() -> tuple[PublishedRow, ...]:
    i = Interval
    single, acr20 = i(-0.98, -1.12, -0.84), i(0.383, 0.33, 0.44)
    one = (SimulatedArm("msc_single", acr20),)
    score = (SimulatedArm("msc_single", single), SimulatedArm("placebo", i(-0.65, -0.79, -0.51)))
    study = {
        "he": {
            "study": "He 2020", "arm": "UC-MSC", "design": "randomised, no placebo arm",
            "blinding": "blinding unknown", "randomised": True, "n": 30, "n_randomised": 63,
            "product": "umbilical cord", "dose": "by vein, dose unknown",
            "source": "https://doi.org/10.1136/annrheumdis-2020-217798",
        },
        "kafaja": {
            "study": "Kafaja 2017", "arm": "1 million/kg", "design": "randomised, placebo",
            "blinding": "double-blind", "randomised": True, "n": 16, "product": "bone marrow",
            "dose": "1 million/kg by vein",
        },
        "china": {
            "study": "China 2010", "arm": "UC-MSC", "design": "case series", "blinding": "open",
            "randomised": False, "n": 17, "product": "umbilical cord", "dose": "10 million",
        },
        "meta": {
            "study": "88 placebo arms", "arm": "placebo", "design": "meta-analysis",
            "randomised": True, "n": 8406, "product": "none", "dose": "", "pooled": True,
        },
    }  # fmt: skip

    def row(key: str, week: float, observed: Interval, **rest: object) -> PublishedRow:
        content: dict[str, object] = {"week": week, "observed": observed, **study[key]}
        content |= {"endpoint": "ACR20", "simulated": one} | rest
        return PublishedRow(**content)  # type: ignore[arg-type]

    change = {
        "endpoint": "DAS28-ESR change", "percent": False, "unit": "score points",
        "simulated": score,
    }  # fmt: skip
    control = {"endpoint": "ACR50", "contrast": True}
    return (
        row("he", 12.0, i(0.533, 0.361, 0.698), verdict="passed", note="completers only"),
        row("he", 48.0, i(0.5, 0.332, 0.668), verdict="failed", simulated_week=52.0),
        row("kafaja", 12.0, i(0.47, 0.26, 0.69), verdict="passed", note="company report"),
        row("meta", 12.0, i(0.29, 0.272, 0.309), target=True, simulated=()),
        row("china", 12.0, i(1.0, 0.816, 1.0), verdict="guide", note="implausibly strong"),
        row("he", 12.0, i(-1.05, -1.4, -0.7), verdict="passed", **change),
        row("china", 52.0, i(-1.3, None, None), verdict="guide", **change),
        row("kafaja", 12.0, i(0.2, -0.1, 0.5), simulated=one, **control),
        row("he", 12.0, i(0.2, 0.1, 0.37), endpoint="ACR70"),
    )


def _parameters() -> tuple[ParameterRow, ...]:
    assumed = tuple(
        ParameterRow(f"secretion_{id_}", f"Local secretion of {name} by live cells", 1.0, "1/day",
                     "assumed", note="wide: log-sd 1.5", spread="lognormal, sd 1.5")
        for id_, name in (("il10", "IL-10"), ("tgfb", "TGF-β"), ("hgf", "HGF"), ("vegf", "VEGF"))
    )  # fmt: skip
    return (
        ParameterRow("kd_lu", "Death rate of live cells in the lung", 2.0, "1/day", "measured",
                     "https://doi.org/10.3389/fimmu.2012.00297", "abstract", spread="0.5 to 3"),
        ParameterRow("dose_scale", "Reference dose", 7.0e7, "cells", "derived", "70 kg x 1e6/kg"),
        ParameterRow("pot", "Potency of a lot", 0.62, "dimensionless", "calibrated",
                     "placebo-corrected DAS28", by_hand=True, spread="lognormal, sd 0.8"),
        ParameterRow("placebo_gain", "Size of the expectation effect", 0.41, "dimensionless",
                     "calibrated", "ra_natural.yaml", by_hand=True),
        ParameterRow("clearance_il10", "Clearance of IL-10", 65.0, "mL/kg/h", "measured",
                     "Radwanski 1998, doi 10.1023/a:1011918425629", "abstract"),
        ParameterRow("k_tiny", "Escape of cells to other organs", 3.2e-6, "1/day", "assumed"),
        *assumed,
    )  # fmt: skip


def example(**changes: object) -> TrialReport:
    """Return the example report, with some fields changed."""
    estimates, contrasts = results()
    i = Interval
    content: dict[str, object] = {
        "title": "Umbilical-cord MSC in active rheumatoid arthritis",
        "disease": "Rheumatoid arthritis",
        "question": "Do infusions of UC-MSC raise the share of ACR20 responders at week 12 above "
        "placebo, and how do they compare with an anti-TNF?",
        "arms": ARMS,
        "reference": "placebo",
        "endpoints": ENDPOINTS,
        "estimates": estimates,
        "contrasts": contrasts,
        "estimand": "Difference in the share of ACR20 responders at week 12 between each arm and "
        "placebo in all randomised virtual patients; rescue and drop-out count as non-response "
        "(composite strategy).",
        "success": SuccessView(
            "the 95% interval of the difference in ACR20 at week 12 lies above 0",
            (
                SuccessOutcome("no_effect", False, "As it must be: the cells have no potency."),
                SuccessOutcome("msc_single", False, "The interval holds zero."),
                SuccessOutcome("msc_monthly", True, "The interval lies above zero."),
                SuccessOutcome("advertised", True, "The interval lies above zero."),
                SuccessOutcome("anti_tnf", True, "The active comparator behaves as published."),
            ),
        ),
        "provenance": Provenance(
            "library/trials/ra_demo.yaml", "sha256:5d0f9c0b1e6a4c7d8b2f1c33",
            "funis 0.1.0", "sha256:91ab34cd77e0", "sha256:0cc1ff29b3a8",
            "libroadrunner 2.9 with SciPy behind it", 20240117,
            "funis run ra_demo --patients 300 --seed 20240117",
        ),
        "scores": SCORES,
        "trajectories": trajectories(),
        "responder_curves": responder_curves(),
        "mechanism": mechanism(),
        "cells": cells(),
        "durability": tuple(
            _durability(arm)
            for arm in ARMS[1:]
        ),
        "evidence": EvidenceBase(
            2, 111, 6, 172, "low",
            "No randomised trial compared UC-MSC with placebo on ACR20.",
        ),
        "published": _published(),
        "skipped": (
            SkippedRow("Wang 2013", "UC-MSC", "TNF", "direction only, no number"),
            SkippedRow("Yang 2018", "UC-MSC", "EULAR response", "control-arm rate not visible"),
        ),
        "parameters": _parameters(),
        "drug_gate": (
            DrugGateRow("Anti-TNF", "DAS28-CRP, week 24", "mbma_das28_ra", i(-1.04, -1.12, -0.95),
                        i(None, -1.3, -0.87), "passed"),
            DrugGateRow("Anti-IL-6R", "DAS28-CRP, week 24", "mbma_das28_ra", i(-1.21, -1.3, -1.1),
                        i(-1.99, None, None), "failed", note="acute-phase part too weak"),
            DrugGateRow("Methotrexate", "ACR20, week 24", "review", i(0.21, 0.17, 0.25),
                        i(0.19, 0.12, 0.27), "passed", percent=True),
        ),
        "draw_gate": DrawGate(
            2000, 1623, {"unstable": 188, "baseline out of bounds": 131, "drift": 58}
        ),
        "targets": (
            TargetRow("ACR20 at week 12, placebo", i(0.284, 0.278, 0.29), i(0.29, 0.272, 0.309),
                      True, percent=True, basis="pooled mean of 88 trials, n = 8,406",
                      source="https://www.rheumatologyadvisor.com/placebo"),
            TargetRow("Change in pain at week 12, placebo", i(-11.2, -11.9, -10.5),
                      i(-14.0, -16.0, -12.0), False, "mm", basis="pooled mean, n = 788",
                      source="Vollert 2020"),
        ),
        "structures": (
            StructureRow("Bistable memory", "A response may hold after the cells are gone."),
            StructureRow("Graded memory", "A response fades with the cells' relay.", True),
            StructureRow("Stunned after thawing", "Thawed cells act only after a day."),
        ),
        "regulatory_checked": "2025-01-15",
    }  # fmt: skip
    return TrialReport(**(content | changes))  # type: ignore[arg-type]


def bare(**changes: object) -> TrialReport:
    """Return the smallest report: one placebo arm and nothing else."""
    content: dict[str, object] = {
        "title": "Bare",
        "disease": "Rheumatoid arthritis",
        "question": "None?",
        "arms": (ArmSummary("placebo", "Placebo", "nothing", 0, "placebo"),),
        "reference": "placebo",
        "endpoints": (),
        "estimates": (),
        "contrasts": (),
        "estimand": "None.",
        "success": SuccessView("none"),
        "provenance": Provenance("f", "h", "v", "m", "p", "e", 1),
    }
    return TrialReport(**(content | changes))  # type: ignore[arg-type]
