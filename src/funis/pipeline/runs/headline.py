"""What a stored run found, in a line: estimates with intervals, and what stands behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funis.report.content import Interval
from funis.report.results import difference_text, interval_text

RESULTS, DESIGN = "results.json", "design.json"
DESIGNED = {
    "type1": "type I error (cells do nothing)",
    "assurance": "assurance",
    "power": "power, the library's numbers taken for the truth",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """One result of a run.

    Attributes
    ----------
    words
        What it is about, such as ``msc minus placebo, ACR20@12``.
    interval
        Estimate with its 95 % interval.
    unit
        Its unit; ``proportion`` for shares and their differences.
    text
        The estimate as it is written in a report.
    basis
        What it stands on, such as ``simulated, randomised, 60 virtual patients``.
    verdict
        Of the success rule that was fixed before; empty where it judges nothing.
    """

    words: str
    interval: Interval
    unit: str
    text: str
    basis: str
    verdict: str = ""


def headline_of(
    kind: str, folder: Path, manifest: Mapping[str, Any]
) -> tuple[tuple[Headline, ...], str] | None:
    """Return the headline of a run and the grade of the evidence beside it; empty without one.

    None where the results are not as funis writes them.
    """
    try:
        return _headline(kind, folder, manifest)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # whatever somebody put into the file


def _headline(
    kind: str, folder: Path, manifest: Mapping[str, Any]
) -> tuple[tuple[Headline, ...], str]:
    if kind == "run":
        document = read_document(folder / RESULTS)
        return tuple(_of_run(document, manifest)), str(document.get("evidence", ""))
    if kind == "design":
        found = tuple(_of_design(read_document(folder / DESIGN)))
        return found, str(manifest.get("evidence", ""))
    return (), str(manifest.get("evidence", manifest.get("settings", {}).get("evidence", "")))


def read_document(path: Path) -> dict[str, Any]:
    """Return a JSON document of a run; empty where it is missing or damaged."""
    try:
        text = path.read_text(encoding="utf-8")
        document = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(document, ensure_ascii=False).encode()  # half of a character cannot be shown
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def contrast_words(row: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """Return what a contrast is about; `names` gives arms and endpoints their words, by id."""
    between = "divided by" if row.get("unit") == "ratio" else "minus"
    known = {} if names is None else names
    arm, reference = (known.get(row[name], row[name]) for name in ("arm", "reference"))
    endpoint = known.get(row["endpoint"]) or endpoint_words(row["endpoint"])
    return f"{arm} {between} {reference}, {endpoint}"


def endpoint_words(key: str) -> str:
    """Return an endpoint such as ``DAS28_CRP_change@12`` in words."""
    name, _, week = key.partition("@")
    words = f"change in {name.removesuffix('_change')}" if name.endswith("_change") else name
    return f"{words} at week {week}" if week else words


def contrast_text(row: Mapping[str, Any]) -> str:
    """Return a contrast with its interval as a report writes it."""
    if row.get("unit") == "ratio":
        return interval_text(interval_of(row))
    shares = row.get("measure") == "difference_in_proportions"
    text = difference_text(interval_of(row), as_points=shares)
    return f"{text} percentage points" if shares else text


def estimate_text(row: Mapping[str, Any]) -> str:
    """Return an estimate of one arm with its interval as a report writes it."""
    return interval_text(interval_of(row), as_percent=row.get("unit") == "proportion")


def interval_of(row: Mapping[str, Any]) -> Interval:
    """Return the numbers of a row of a document."""
    return Interval(row.get("estimate"), row.get("low"), row.get("high"))


def _of_run(document: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[Headline]:
    patients = sum(manifest.get("patients", {}).values())
    arms = len(document.get("arms", {}))
    how = "simulated, randomised" if arms > 1 else "simulated, without a control"
    basis = f"{how}, {patients} virtual patients"
    contrasts = document.get("contrasts", [])
    for judged in document.get("success", []):
        for row in contrasts:
            same = all(row[name] == judged[name] for name in ("arm", "reference", "endpoint"))
            if same:
                text, verdict = contrast_text(row), str(judged.get("verdict") or "")
                words = contrast_words(row)
                yield Headline(words, interval_of(row), row["unit"], text, basis, verdict)
                break
    if not contrasts:
        for arm, found in document.get("arms", {}).items():
            for name, row in list(found["endpoints"].items())[:1]:
                words = f"{arm}, {endpoint_words(name)}"
                yield Headline(words, interval_of(row), row["unit"], estimate_text(row), basis)
            yield from _on_placebo(arm, document.get("series", {}).get(arm))


def _on_placebo(arm: str, series: Mapping[str, Any] | None) -> Iterator[Headline]:
    """Yield what the same patients show on placebo, where a series was taken apart."""
    if series is None:
        return
    row = series["on_placebo"]["usual_change"] or {}
    words = f"{arm}: such patients on placebo, change in {series['score']}"
    basis = f"simulated, mean of {series['patients_behind_usual']} virtual patients of the kind"
    yield Headline(words, interval_of(row), series["unit"], estimate_text(row), basis)


def _of_design(document: Mapping[str, Any]) -> Iterator[Headline]:
    points = document.get("points", [])
    if not points:
        return
    last = max(points, key=lambda point: int(point["n"]))
    basis = f"{document['replicates']} virtual trials under each draw"
    for name, words in DESIGNED.items():
        row = last.get(name)
        if row is not None:
            text = interval_text(interval_of(row), as_percent=True)
            told = f"{words}, {last['n']} patients"
            yield Headline(told, interval_of(row), "proportion", text, basis)
