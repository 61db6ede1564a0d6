"""``funis tests``: type I error and cover of the offered methods, as document and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from funis.analysis.intervals import Interval
from funis.analysis.methods import METHODS
from funis.analysis.sizes import ALPHA, ExactSize, SizeRow, exact_sizes, size_rows
from funis.checks import InputError, Issue, nearest

HEADER = ("method", "data", "patients", "type I error", "decision", "cover", "found")


def sizes_document(
    replicates: int, seed: int, methods: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return type I error, power and cover of methods as plain data.

    Raises
    ------
    InputError
        A method that does not exist, or fewer than 100 replicates.
    """
    chosen = _known(methods)
    if replicates < 100:
        raise InputError(Issue(None, None, "replicates", f"{replicates}", "100 or more"))
    rows = size_rows(replicates, seed, chosen)
    exact = tuple(one for one in exact_sizes() if chosen is None or one.method in chosen)
    return {
        "alpha": ALPHA,
        "replicates": replicates,
        "seed": seed,
        "limit": rows[0].limit,
        "rows": [_row(one) for one in rows],
        "exact": [_exact(one) for one in exact],
    }


def _known(methods: Sequence[str] | None) -> tuple[str, ...] | None:
    if not methods:
        return None
    for name in methods:
        if name not in METHODS:
            near = nearest(name, tuple(METHODS))
            expected = "one of " + ", ".join(METHODS)
            message = f"unknown method '{name}'"
            raise InputError(Issue(None, None, "method", message, expected, near))
    return tuple(methods)


def _row(one: SizeRow) -> dict[str, Any]:
    scenario = one.scenario
    return {
        "method": scenario.method,
        "data": scenario.text,
        "n": scenario.n,
        "n_reference": scenario.n_reference,
        "effect": not scenario.null,
        "truth": scenario.truth,
        "rejected": _interval(one.test),
        "decided": _interval(one.decision),
        "cover": _interval(one.cover),
        "verdict": one.verdict if scenario.null else None,
        "known": METHODS[scenario.method].size or None,
    }


def _exact(one: ExactSize) -> dict[str, Any]:
    return {
        "method": one.method, "n": one.n, "n_reference": one.n_reference,
        "largest": one.largest, "at": one.at, "mean": one.mean,
    }  # fmt: skip


def _interval(one: Interval) -> dict[str, float]:
    return {"estimate": one.estimate, "low": one.low, "high": one.high}


def sizes_text(document: dict[str, Any]) -> str:
    """Return what was found as Markdown, what does not hold first."""
    null = [row for row in document["rows"] if not row["effect"]]
    liberal = [row for row in null if row["verdict"] == "liberal"]
    conservative = [row for row in null if row["verdict"] == "conservative"]
    parts = [
        f"{document['replicates']:,} invented trials a row, seed {document['seed']}, two-sided "
        f"level {100 * ALPHA:g} %; a row holds when neither the test nor the decision (interval "
        f"without the null) errs more often than {100 * document['limit']:.2f} %, the level and "
        "two standard errors of the simulation.",
        _listed("Above that", liberal),
        _listed("Conservative (as far below)", conservative),
        _table([HEADER, *(_cells(row) for row in null)]),
        "With an effect (power instead of type I error):",
        _table(
            [
                ("method", "data", "patients", "truth", "test", "decision", "cover"),
                *(_power(row) for row in document["rows"] if row["effect"]),
            ]
        ),
    ]
    if document["exact"]:
        parts += [_EXACT, _table([_EXACT_HEADER, *(_exact_cells(x) for x in document["exact"])])]
    return "\n\n".join(parts) + "\n"


_EXACT = (
    "Responses without simulation: the larger of test and decision, added up over all "
    "possible trials, at every response rate of 1 to 99 %. Approximate tests exceed the level at "
    "some rates; `fisher` never does."
)
_EXACT_HEADER = ("method", "patients", "largest", "at a rate of", "mean over rates")


def _listed(label: str, rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return f"{label}: none."
    named = (
        f"{r['method']} ({r['data']}, {_patients(r)}: "
        f"{100 * max(r['rejected']['estimate'], r['decided']['estimate']):.2f} %)"
        for r in rows
    )
    return f"{label}: " + "; ".join(named) + "."


def _patients(row: dict[str, Any]) -> str:
    return f"{row['n']} + {row['n_reference']}"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"`{row['method']}`", row["data"], _patients(row),
        *(_share(row[name]) for name in ("rejected", "decided", "cover")), row["verdict"],
    )  # fmt: skip


def _power(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"`{row['method']}`", row["data"], _patients(row), f"{row['truth']:.3g}",
        *(_share(row[name]) for name in ("rejected", "decided", "cover")),
    )  # fmt: skip


def _exact_cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"`{row['method']}`", _patients(row), f"{100 * row['largest']:.2f} %",
        f"{100 * row['at']:.0f} %", f"{100 * row['mean']:.2f} %",
    )  # fmt: skip


def _share(one: dict[str, float]) -> str:
    low, high = 100 * one["low"], 100 * one["high"]
    return f"{100 * one['estimate']:.2f} % ({low:.2f}-{high:.2f})"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])
