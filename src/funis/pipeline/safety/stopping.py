"""`funis safety --limit`: when to stop a trial for toxicity, and how often that happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from funis.pipeline.inputs import require, require_whole
from funis.pipeline.tables import Table
from funis.report.numerals import decimal, percent
from funis.safety.stopping import StoppingRule, fewest_to_stop, stops

SHARES = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""True risks at which the rule is judged, as multiples of its limit."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """A rule, its bounds, and its chances by true risk.

    Attributes
    ----------
    bounds : tuple of (int, int, int)
        From and to how many patients how many toxicities stop the trial.
    chances : tuple of (float, float, float)
        True risk, probability of stopping, expected number of patients.
    """

    rule: StoppingRule
    patients: int
    bounds: tuple[tuple[int, int, int], ...]
    chances: tuple[tuple[float, float, float], ...]

    def tables(self) -> tuple[Table, ...]:
        """Return bounds and chances as tables of text."""
        rule = self.rule
        title = (
            f"Stop at this many dose-limiting toxicities: a risk above {percent(rule.limit, 0)} of"
            f" patients is then likelier than {percent(rule.sure, 0)} (Jeffreys' prior)"
        )
        bounds = tuple(
            (f"{first} to {last}" if last > first else str(first), str(x))
            for first, last, x in self.bounds
        )
        chances = tuple(
            (percent(risk), percent(stop), decimal(number, 1))
            for risk, stop, number in self.chances
        )
        return (
            Table(title, ("patients treated", "toxicities"), bounds),
            Table(
                f"How often it stops within {self.patients} patients, exactly",
                ("true risk", "stops", "patients treated"),
                chances,
            ),
        )

    def document(self) -> dict[str, Any]:
        """Return bounds and chances as plain data."""
        return {
            "limit": self.rule.limit, "sure": self.rule.sure, "patients": self.patients,
            "bounds": [
                {"from_patients": first, "to_patients": last, "toxicities": x}
                for first, last, x in self.bounds
            ],
            "chances": [
                {"risk": risk, "stops": stop, "expected_patients": number}
                for risk, stop, number in self.chances
            ],
        }  # fmt: skip


def stopping(limit: float, sure: float = 0.9, patients: int = 60) -> Stopping:
    """Return a stopping rule with its bounds and chances.

    Raises
    ------
    InputError
        A limit or probability that is none, or no patients.
    """
    require_whole(patients=patients)
    require(
        limit=(0 < limit < 1, limit, "a risk between 0 and 1"),
        sure=(0 < sure < 1, sure, "a probability between 0 and 1"),
    )
    rule = StoppingRule(limit, sure)
    risks = [share * limit for share in SHARES if share * limit < 1]
    chances = tuple((risk, *stops(rule, patients, risk)) for risk in risks)
    return Stopping(rule, patients, _bounds(rule, patients), chances)


def _bounds(rule: StoppingRule, patients: int) -> tuple[tuple[int, int, int], ...]:
    """Return the bounds, numbers of patients with one bound together."""
    by_bound: dict[int, list[int]] = {}
    for n in range(1, patients + 1):
        fewest = fewest_to_stop(rule, n)
        if fewest is not None:
            by_bound.setdefault(fewest, []).append(n)
    return tuple((numbers[0], numbers[-1], x) for x, numbers in by_bound.items())
