"""Why this number: the parameters behind each control, with value, unit, status and source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from funis.models import Model
from funis.models.model import Parameter
from funis.models.schema import Distribution
from funis.pipeline.explore.cohort import disease_parts
from funis.pipeline.explore.options import GRADED, LINEAR
from funis.pipeline.explore.state import ExploreState
from funis.product import Quantity, library_product
from funis.protocol.structures import library_structures

BEHIND: Mapping[str, tuple[str, ...]] = {
    "dose": (
        "f_complement", "k_license", "ifn_level", "kd_bl", "kd_lu", "kd_ls", "kd_ti", "kd_ot",
        "k_lysis", "k_efferocytosis", "K_efferocytosis", "y_naive", "y_licensed", "K_lm",
        "K_lm_ti", "K_secretion", "K_secretion_ti", "secretion_naive",
    ),
    "times": ("k_lm", "k_lm_traffic", "k_lm_home", "boost", "k_antibody"),
    "every": ("k_lm", "k_TM", "gain_memory"),
    "shape": ("dose_flat", "dose_emax", "dose_bell", "dose_scale", "dose_height",
              "dose_reference", "k_recent"),
    "memory": ("bistable", "gain_memory", "K_memory"),
    "potency": ("potency", "lot_potency", "response", "e_T", "e_NK", "e_B"),
}  # fmt: skip
"""Control -> parameters of the core that it leads to."""


@dataclass(frozen=True, slots=True)
class WhyRow:
    """One number behind a control.

    Attributes
    ----------
    control : key of the link, or the name of a trait.
    status : measured, derived, calibrated, assumed or not_reported.
    spread : how patients differ in it, in words; empty where they do not.
    """

    control: str
    id: str
    name: str
    value: float | None
    unit: str
    status: str
    source: str
    where: str = ""
    note: str = ""
    spread: str = ""


def why_rows(state: ExploreState) -> tuple[WhyRow, ...]:
    """Return every parameter behind each control of a state."""
    return _why(state.disease, state.product, state.routes, state.shape, state.memory)


@lru_cache(maxsize=128)
def _why(
    disease: str, product: str, routes: tuple[str, ...], shape: str, memory: str
) -> tuple[WhyRow, ...]:
    model = disease_parts(disease).model
    rows = [
        *_product(product),
        *_routes(model, routes),
        *(row for control in BEHIND for row in _core(model, control)),
        *_structure("shape", shape, LINEAR),
        *_structure("memory", memory, GRADED),
        *_posterior(disease),
        *_traits(model),
    ]
    return tuple({(row.control, row.id): row for row in rows}.values())


def _core(model: Model, control: str) -> Iterator[WhyRow]:
    known = {one.id for one in model.parameters}
    for name in BEHIND[control]:
        if name in known:
            yield _row(control, model.parameter(name))


def _row(control: str, one: Parameter) -> WhyRow:
    return WhyRow(
        control, one.id, one.name or one.id, one.value, one.unit, one.status, one.source,
        one.where or "", one.note or "", _spread(one.distribution),
    )  # fmt: skip


def _spread(one: Distribution | None) -> str:
    if one is None or one.kind == "fixed":
        return ""
    words: list[str] = [one.kind]
    if one.sd is not None:
        words.append(f"sd {one.sd:g}" + (" of the logarithm" if one.kind == "lognormal" else ""))
    if one.low is not None or one.high is not None:
        words.append(f"from {_end(one.low)} to {_end(one.high)}")
    return ", ".join(words)


def _end(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _routes(model: Model, routes: tuple[str, ...]) -> Iterator[WhyRow]:
    """Return the parameters of the gains: how a dose by a route is shared out over states."""
    form, known = model.form, {one.id for one in model.parameters}
    for route in routes:
        given = model.input(route)
        if given is None:
            continue
        gains = [f"gain_{route}_{target}" for target in given.targets]
        constants = dict(form.constants)
        nodes = [constants[name] for name in gains if name in constants]
        names = sorted(frozenset[str]().union(*(form.graph.symbols(node) for node in nodes)))
        for name in names:
            if name in known:
                yield _row("route", model.parameter(name))


def _product(name: str) -> Iterator[WhyRow]:
    product = library_product(name)
    for point in product.viability:
        yield _quantity(
            "hold", f"viability_{point.hold_minute:g}",
            f"Living share {point.hold_minute:g} minutes after thaw", point.viability,
        )  # fmt: skip
    yield _quantity("hold", "hold_minute", "Usual time from thaw to vein", product.hold_minute)
    yield _quantity(
        "product", "recovered_fraction", "Share of the cells that leave bag and line",
        product.recovered_fraction,
    )  # fmt: skip


def _quantity(control: str, name: str, words: str, one: Quantity) -> WhyRow:
    return WhyRow(
        control, name, words, one.value, one.unit, one.status, one.source or "none reported",
        note=one.note or "",
    )  # fmt: skip


def _structure(control: str, name: str, usual: str) -> Iterator[WhyRow]:
    if name == usual:
        return
    one = library_structures()[name]
    for parameter, value in one.parameters.items():
        yield WhyRow(
            control, f"{name}:{parameter}", f"{parameter} in {one.title}", value, "as the model's",
            "assumed", "; ".join(one.sources), note=one.note or "",
        )  # fmt: skip


def _posterior(disease: str) -> Iterator[WhyRow]:
    points = disease_parts(disease).points
    if points is None:
        return
    factors = points.factors[:, points.names.index("potency")]
    yield WhyRow(
        "null", "null_weight", "Share of the posterior's draws in which cells do nothing",
        float((factors == 0).mean()), "fraction", "calibrated",
        f"funis calibrate {disease}; what it rests on stands in docs/calibration.md",
    )  # fmt: skip


def _traits(model: Model) -> Iterator[WhyRow]:
    for parameter, column in model.covariates.items():
        yield _row(column, model.parameter(parameter))
