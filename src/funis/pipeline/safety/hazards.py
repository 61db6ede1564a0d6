"""`funis safety`: every adverse event with its rates, and what stands behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funis.checks import InputError, Issue, nearest
from funis.models import disease_ids
from funis.pipeline.inputs import load_trial, trial_names
from funis.pipeline.reporting.safety import believed_words, protocol_routes
from funis.pipeline.safety.believed import Believed, Range, believed, routes_of
from funis.pipeline.tables import Table
from funis.report import RESEARCH_USE
from funis.report.numerals import decimal, percent
from funis.safety import Modifier, Pool, Ratio, Safety, library_safety

MARK = "funis safety"


@dataclass(frozen=True, slots=True)
class Hazards:
    """Adverse events after some routes, and with time, as they are believed before any trial."""

    routes: tuple[str, ...]
    disease: str | None
    rows: tuple[Believed, ...]
    safety: Safety

    def tables(self) -> tuple[Table, ...]:
        """Return everything as tables of text."""
        safety = self.safety
        return (
            _hazard_table(self.rows),
            _grade_table(self.rows, safety),
            _pool_table(tuple(safety.pools.values())),
            _ratio_table(tuple(safety.ratios.values())),
            _modifier_table(tuple(safety.modifiers.values())),
        )

    def document(self) -> dict[str, Any]:
        """Return everything as plain data."""
        safety = self.safety
        return {
            "research_use": RESEARCH_USE,
            "routes": list(self.routes),
            "disease": self.disease,
            "hazards": [_plain(one) for one in self.rows],
            "pools": {
                one.id: {
                    "title": one.title, "of": one.of, "expected": one.estimate, "low": one.low,
                    "middle": one.quantile(0.5), "high": one.high, "spread": one.spread,
                    "administrations": one.administrations, "studies": one.studies,
                    "events": one.events, "n": one.n, "years": one.years, "rows": list(one.rows),
                    "held_out": one.held_out, "note": one.note,
                }
                for one in safety.pools.values()
            },
            "ratios": {
                one.id: {
                    "scale": one.scale, "estimate": one.estimate, "low": one.low,
                    "high": one.high, "rows": list(one.rows), "held_out": one.held_out,
                    "note": one.note,
                }
                for one in safety.ratios.values()
            },
            "modifiers": {
                one.id: {
                    "title": one.title, "factor": one.factor, "off": one.off,
                    "status": one.status, "source": one.source, "note": one.note,
                }
                for one in safety.modifiers.values()
            },
        }  # fmt: skip


def hazards(target: str | Path | None = None, *, route: str | None = None) -> Hazards:
    """Return adverse events for a trial, a disease, or everything.

    Parameters
    ----------
    target
        A trial (its routes and its disease), a disease (its background rates), or None.
    route
        The only route to show.

    Raises
    ------
    InputError
        An unknown trial, disease or route.
    """
    safety = library_safety()
    known = routes_of(safety)
    routes, disease = _of_target(target, known)
    if route is not None:
        if route not in known:
            expected = f"one of {', '.join(known)}"
            message = f"no adverse event follows the route '{route}'"
            raise InputError(Issue(None, None, "--route", message, expected, nearest(route, known)))
        routes = (route,)
    return Hazards(routes, disease, tuple(believed(safety, routes, disease)), safety)


def _of_target(
    target: str | Path | None, known: tuple[str, ...]
) -> tuple[tuple[str, ...], str | None]:
    if target is None:
        return known, None
    if str(target) in disease_ids():
        return known, str(target)
    if not Path(target).exists() and str(target) not in trial_names():
        names = [*disease_ids(), *trial_names()]
        message = f"neither a disease nor a trial: '{target}'"
        expected = "a trial file, a trial of the library, or a disease"
        near = nearest(str(target), names)
        raise InputError(Issue(None, None, "target", message, expected, near))
    trial = load_trial(target)
    return protocol_routes(trial.protocol), trial.model.id


def _plain(one: Believed) -> dict[str, Any]:
    ratio = one.ratio
    return {
        "term": one.term, "title": one.title, "follows": one.follows, "per": one.per,
        "control": _three(one.control), "cells": _three(one.cells),
        "ratio": None if ratio is None else ratio.id, "pool": one.hazard.risk.id,
        "basis": one.basis, "studies": one.hazard.risk.studies, "from": one.words,
        "rows": list(one.hazard.risk.rows),
    }  # fmt: skip


def _three(one: Range) -> dict[str, float]:
    return {"middle": one.middle, "low": one.low, "high": one.high}


def _hazard_table(rows: Sequence[Believed]) -> Table:
    title = (
        "Risk of one administration, or rate in 100 patient-years: middle and 95 % range of the"
        " true risk in a further study"
    )
    columns = ("event", "follows", "without cells", "with cells", "cells", "basis", "from")
    return Table(
        title,
        columns,
        tuple((one.title, *believed_words(one), one.basis, one.words) for one in rows),
    )


def _grade_table(rows: Sequence[Believed], safety: Safety) -> Table:
    terms = [safety.terms[name] for name in dict.fromkeys(one.term for one in rows)]
    return Table(
        f"Grades ({safety.grading}), share of events [%]",
        ("event", "1", "2", "3", "4", "5", "serious, of grade 3 and 4", "expected", "status"),
        tuple(
            (
                term.title, *(decimal(100 * share, 1) for share in term.grades),
                percent(term.serious_share, 0), "yes" if term.expected else "no",
                term.grade_status,
            )
            for term in terms
        ),
    )  # fmt: skip


def _pool_table(pools: Sequence[Pool]) -> Table:
    return Table(
        "Pools of the evidence: patients with the event, and the risk of a patient (or rate a"
        " year) in a further study",
        ("pool", "of", "events", "studies", "administrations", "expected", "middle", "95 % range",
         "rows"),
        tuple(
            (
                one.title + (" (held out)" if one.held_out else ""), one.of,
                f"{one.events} of {one.n}" + (f", {one.years:.0f} years" if one.years else ""),
                str(one.studies), decimal(one.administrations, 1), percent(one.estimate, 2),
                percent(one.quantile(0.5), 2), f"{percent(one.low, 2)} to {percent(one.high, 2)}",
                "; ".join(one.rows),
            )
            for one in pools
        ),
    )  # fmt: skip


def _ratio_table(ratios: Sequence[Ratio]) -> Table:
    return Table(
        "Ratios of cells to control",
        ("ratio", "scale", "estimate", "interval", "row"),
        tuple(
            (
                one.id.replace("_", " ") + (" (held out)" if one.held_out else ""),
                one.scale.replace("_", " "), decimal(one.estimate),
                f"{decimal(one.low)} to {decimal(one.high)}" if one.rows else "assumed",
                "; ".join(one.rows) or one.note,
            )
            for one in ratios
        ),
    )  # fmt: skip


def _modifier_table(modifiers: Sequence[Modifier]) -> Table:
    return Table(
        "What could change the share due to cells",
        ("modifier", "factor", "status", "source", "note"),
        tuple(
            (
                one.title, f"{one.factor:g}" + (" (off)" if one.off else ""), one.status,
                one.source or "none", one.note,
            )
            for one in modifiers
        ),
    )  # fmt: skip
