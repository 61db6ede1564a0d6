"""The scores of `funis control --score` as words and tables, losses first."""

from __future__ import annotations

from collections.abc import Sequence

from funis.calibrate.control_scores import (
    PRINTED,
    Scored,
    coverage,
    difference,
    mean_crps,
    rows_of_trials,
)
from funis.pipeline.control_score import SHOWN, DiseaseScore, comparable_rows, families
from funis.pipeline.tables import Table


def score_lines(scores: Sequence[DiseaseScore]) -> list[str]:
    """Return where the model loses to the other trials, and how well intervals hold, in words."""
    lost: list[str] = []
    won: list[str] = []
    for one in scores:
        used = comparable_rows(one.rows)
        if used:
            model, other = mean_crps(used, "model"), mean_crps(used, "map")
            text = f"{one.disease} ({model:.4f} against {other:.4f})"
            (lost if model > other else won).append(text)
    rows = [row for one in scores for row in one.rows]
    unseen = [row for row in rows if not row.case.arm.target]
    lines = [
        f"The model alone loses to MAP in {_listed(lost)}; it is better in {_listed(won)}.",
        _against(_shares(rows), "Shares of responders, where MAP has another trial"),
        _against(comparable_rows(rows), "All numbers, where MAP has another trial"),
        _against(comparable_rows(unseen), "Without the numbers that the model was set to by hand"),
        f"What is printed: 80 % intervals hold {_percent(coverage(rows, PRINTED, 0.80))} and 95 %"
        f" intervals {_percent(coverage(rows, PRINTED, 0.95))} of {len(rows)} arms"
        f" ({len(rows_of_trials(rows))} trials).",
    ]
    return [line for line in lines if line]


def score_tables(scores: Sequence[DiseaseScore]) -> tuple[Table, ...]:
    """Return all tables: losses first."""
    tables = (_losses(scores), _diseases(scores), _alone(scores), _kinds(scores))
    more = (_outside(scores), _years(scores))
    return tuple(table for table in (*tables, *more) if table.rows)


def _losses(scores: Sequence[DiseaseScore]) -> Table:
    """Return the kinds of numbers in which what is printed does worse than MAP."""
    rows = []
    for (disease, endpoint, measure), own in families(scores).items():
        printed, other = mean_crps(own, PRINTED), mean_crps(own, "map")
        if printed > other:
            trials = len(rows_of_trials(own))
            rows.append((printed - other, (disease, f"{endpoint}, {measure}", str(trials),
                                           _score(printed), _score(other))))  # fmt: skip
    ordered = tuple(row for _, row in sorted(rows, key=lambda one: -one[0]))
    columns = ("disease", "number", "trials", "printed", "MAP")
    return Table("What is printed loses to MAP in (mean CRPS by trial)", columns, ordered)


def _diseases(scores: Sequence[DiseaseScore]) -> Table:
    rows = []
    for one in scores:
        used = comparable_rows(one.rows)
        if used:
            counts = (str(len(used)), str(len(rows_of_trials(used))))
            found = tuple(_score(mean_crps(used, name)) for name in SHOWN)
            rows.append((one.disease, *counts, *found, one.standing.printed, _gain(used)))
    columns = ("disease", "arms", "trials", "model", "MAP", "adjusted", "mixture", "printed",
               "method printed", "model better than MAP by (95 % interval)")  # fmt: skip
    title = "Arms whose endpoint another trial has near the same week: mean CRPS by trial"
    return Table(title, columns, tuple(rows))


def _alone(scores: Sequence[DiseaseScore]) -> Table:
    rows = []
    for one in scores:
        alone = [row for row in one.rows if not row.comparable]
        groups = (("all arms", one.rows), ("no other trial", alone))
        for words, own in groups:
            if own:
                found = [_score(mean_crps(own, name)) for name in ("model", "map", PRINTED)]
                held = [_percent(coverage(own, PRINTED, share)) for share in (0.80, 0.95)]
                rows.append((one.disease, words, str(len(own)), *found, *held))
    columns = ("disease", "arms", "n", "model", "MAP (without other trials: vague)", "printed",
               "80 % interval holds", "95 % interval holds")  # fmt: skip
    return Table(
        "All arms, and those without another trial: mean CRPS by trial", columns, tuple(rows)
    )


def _kinds(scores: Sequence[DiseaseScore]) -> Table:
    rows = []
    for (disease, endpoint, measure), own in families(scores).items():
        found = tuple(_score(mean_crps(own, name)) for name in SHOWN)
        rows.append((disease, f"{endpoint}, {measure}", str(len(rows_of_trials(own))), *found))
    columns = ("disease", "number", "trials", "model", "MAP", "adjusted", "mixture", "printed")
    return Table("By kind of number, where another trial has it", columns, tuple(rows))


def _outside(scores: Sequence[DiseaseScore]) -> Table:
    """Return the arms outside the printed 95 % interval."""
    rows = []
    for one in scores:
        for row in one.rows:
            if not row.inside(PRINTED, 0.95):
                arm = row.case.arm
                low, high = row.interval(PRINTED, 0.95)
                rows.append((one.disease, arm.trial, arm.request.key, str(arm.n),
                             f"{arm.observed:.3g}", f"{row.case.simulated:.3g}",
                             f"{low:.3g} to {high:.3g}"))  # fmt: skip
    columns = ("disease", "trial", "number", "n", "published", "simulated", "95 % interval")
    return Table("Arms outside the printed 95 % interval", columns, tuple(rows))


def _years(scores: Sequence[DiseaseScore]) -> Table:
    rows = []
    for one in scores:
        drift = one.drift
        text = f"{drift.mean:+.2f} (sd {drift.sd:.2f})" if drift.known else "says nothing"
        before = after = ""
        if one.dated:
            before = _score(mean_crps([pair[0] for pair in one.dated], "adjusted"))
            after = _score(mean_crps([pair[1] for pair in one.dated], "adjusted"))
        rows.append((one.disease, str(drift.trials), text, before, after))
    columns = ("disease", "dated trials that can be compared",
               "drift a decade, standard deviations between patients",
               "adjusted, without the year", "with it")  # fmt: skip
    return Table("The year of the trial", columns, tuple(rows))


def _shares(rows: Sequence[Scored]) -> list[Scored]:
    return [row for row in comparable_rows(rows) if row.case.arm.measure == "responder"]


def _against(rows: Sequence[Scored], words: str) -> str:
    """Return how the methods stand in some rows, in words."""
    if not rows:
        return ""
    means = ", ".join(f"{name} {mean_crps(rows, name):.4f}" for name in SHOWN)
    return (
        f"{words} ({len(rows)} arms, {len(rows_of_trials(rows))} trials), mean CRPS by trial:"
        f" {means}; better than MAP by: model {_gain(rows)}, printed {_gain(rows, PRINTED)}."
    )


def _gain(rows: Sequence[Scored], method: str = "model") -> str:
    """Return by how much a method is better than MAP, with its interval over trials."""
    mean, low, high = difference(rows, method, "map")
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items) if items else "none"


def _score(value: float) -> str:
    return f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
