"""How likely the published rows of a disease are, given what cells do and how much studies differ.

All rows stand in units of the spread between patients, so everything that is added to them is
normal: the study (or the centre family) as a whole, one endpoint of it, the design (open label,
no control arm), the patients who happened to be in it, and what the earlier stages leave open. So
these are integrated exactly, and only what cells do is left to a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from funis.calibrate.rows import LOGISTIC_SD, Row, from_unit, to_unit
from funis.calibrate.settings import Settings
from funis.calibrate.surface import Fit, StudySurface
from funis.evidence import Study

Array = NDArray[np.float64]

OVERDISPERSION = 1.5
"""Variance of an event count beyond that of chance: relapses and flares come in clusters."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyRows:
    """The rows of one study and what was simulated of them.

    ``unsure`` names the arms whose other treatment is left out or guessed.
    """

    study: Study
    surface: StudySurface
    fit: Fit
    counted: NDArray[np.int64]
    active: NDArray[np.bool_]
    unsure: frozenset[str]
    regimen_known: bool = True

    @property
    def family(self) -> str:
        """Centre family: studies of one centre may share patients."""
        return getattr(self.study, "family", None) or self.study.id

    @property
    def rows(self) -> tuple[Row, ...]:
        """Rows that count."""
        return tuple(self.surface.rows[place] for place in self.counted)


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """The counted rows of some studies as one vector.

    Attributes
    ----------
    study : (row,) number of the study; ``family`` that of its centre family.
    observed, mean : (row,) published value, and the simulated one without working cells.
    base : (row, row) covariance of ``mean`` between points of the earlier stages.
    sampling : (row, row) covariance of chance at the published size.
    sign : (row,) +1 where more is better.
    unsure : (row,) standard deviation of what other treatment may have added.
    active : (row,) 1 for an arm with cells, else 0.
    design : (row, 2) loads of the open-label and the single-arm term.
    group : (row,) number of the endpoint and week within its study; ``arm`` that of its arm.
    weights : (feature, row) surface of the effect.
    residual : (row, row) what the surface leaves, at an effect of the size ``reference``.
    spread : (row,) standard deviation between patients, in the unit of the endpoint.
    """

    rows: tuple[Row, ...]
    study: NDArray[np.int64]
    family: NDArray[np.int64]
    observed: Array
    mean: Array
    base: Array
    sampling: Array
    sign: Array
    active: Array
    design: Array
    group: NDArray[np.int64]
    arm: NDArray[np.int64]
    unsure: Array
    weights: Array
    residual: Array
    spread: Array
    reference: float

    def without(self, study: int) -> Data:
        """Return the data without one study."""
        return self.only(np.flatnonzero(self.study != study))

    def only(self, keep: NDArray[np.int64]) -> Data:
        """Return some rows."""
        square = np.ix_(keep, keep)
        return Data(
            tuple(self.rows[place] for place in keep), self.study[keep], self.family[keep],
            self.observed[keep], self.mean[keep], self.base[square], self.sampling[square],
            self.sign[keep], self.active[keep], self.design[keep], self.group[keep],
            self.arm[keep], self.unsure[keep], self.weights[:, keep],
            self.residual[square], self.spread[keep], self.reference,
        )  # fmt: skip


def data_of(studies: Sequence[StudyRows], settings: Settings) -> Data:
    """Return the counted rows of some studies as one vector."""
    parts = [_part(number, one, settings) for number, one in enumerate(studies)]
    families = {
        name: place for place, name in enumerate(dict.fromkeys(one.family for one in studies))
    }
    without = [one.surface.without[:, one.counted] for one in studies]
    points = min((len(part) for part in without), default=0)
    joined = np.concatenate([part[:points] for part in without], axis=1)
    base = np.atleast_2d(np.cov(joined, rowvar=False))
    base = base + _blocks([part["other"] for part in parts])
    groups = np.concatenate([1000 * number + part["group"] for number, part in enumerate(parts)])
    arms = np.concatenate([1000 * number + part["arm"] for number, part in enumerate(parts)])
    return Data(
        tuple(row for one in studies for row in one.rows),
        np.concatenate([np.full(len(one.counted), k) for k, one in enumerate(studies)]),
        np.concatenate([np.full(len(one.counted), families[one.family]) for one in studies]),
        np.concatenate([part["observed"] for part in parts]), joined.mean(axis=0), base,
        _blocks([part["sampling"] for part in parts]),
        np.concatenate([part["sign"] for part in parts]),
        np.concatenate([one.active[one.counted] for one in studies]).astype(np.float64),
        np.concatenate([part["design"] for part in parts]), groups.astype(np.int64),
        arms.astype(np.int64),
        np.concatenate([part["unsure"] for part in parts]),
        np.concatenate([one.fit.weights[:, one.counted] for one in studies], axis=1),
        _blocks([part["residual"] for part in parts]),
        np.concatenate([one.surface.spread[one.counted] for one in studies]),
        studies[0].fit.reference,
    )  # fmt: skip


def covariance(data: Data, study_sd: float, row_sd: float, settings: Settings) -> Array:
    """Return the covariance of the rows apart from what cells do, (row, row)."""
    signs = np.outer(data.sign, data.sign)
    family = _same(data.family)
    alike = _same(data.group).astype(np.float64) + _same(data.arm)
    between = signs * (study_sd**2 * family + row_sd**2 * alike)
    spread = np.array([settings.open_label.sd, settings.single_arm.sd])
    design = (data.design * spread**2) @ data.design.T
    return np.asarray(data.base + data.sampling + between + design)


def expected(data: Data, settings: Settings) -> Array:
    """Return what the rows would be without working cells, with the bias of the design, (row,)."""
    bias = np.array([settings.open_label.mean, settings.single_arm.mean])
    return np.asarray(data.mean + data.design @ bias)


def log_likelihood(
    data: Data, effects: Array, relative: Array, matrix: Array, settings: Settings
) -> Array:
    """Return the log likelihood of the rows under some effects, (node, draw).

    The covariance is ``matrix + relative * data.residual``; both are made diagonal at once, so the
    nodes cost no more than one of them.

    Parameters
    ----------
    effects
        (node, draw, row) what cells add.
    relative
        (node,) square of the effect relative to the mean of the points, for the regimens drawn.
    matrix
        Of `covariance`.
    """
    root = np.linalg.cholesky(matrix)
    inner = solve_triangular(root, solve_triangular(root, data.residual, lower=True).T, lower=True)
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    whiten = vectors.T @ solve_triangular(root, np.eye(len(root)), lower=True)
    left = (data.observed - expected(data, settings) - effects) @ whiten.T
    variance = 1 + relative[:, None] * np.maximum(values, 0)
    distance = np.einsum("ndr,nr->nd", left**2, 1 / variance)
    size = 2 * np.sum(np.log(np.diag(root))) + len(root) * np.log(2 * np.pi)
    return np.asarray(-0.5 * (distance + size + np.log(variance).sum(axis=1)[:, None]))


def sampling_variance(row: Row, unit: float, patients: int) -> float:
    """Return the variance of chance of a row at some patients, in its unit squared.

    Parameters
    ----------
    unit
        Simulated value of the row.
    """
    if row.measure == "responder":
        share = min(max(from_unit(row, unit, 1.0), 0.5 / patients), 1 - 0.5 / patients)
        return 1 / (patients * share * (1 - share)) / LOGISTIC_SD**2
    if row.measure == "rate":
        years = max(row.request.week, 1.0) / 52.18
        events = max(from_unit(row, unit, 1.0) * patients * years, 0.5)
        return OVERDISPERSION / events
    return 1 / patients


def _part(number: int, one: StudyRows, settings: Settings) -> dict[str, Array]:
    rows = one.rows
    means = one.surface.without[:, one.counted].mean(axis=0)
    sizes = [size_of(row) for row in rows]
    observed = [
        to_unit(row, row.observed, float(one.surface.spread[place]), size)
        for row, place, size in zip(rows, one.counted, sizes, strict=True)
    ]
    deviation = np.sqrt([sampling_variance(*each) for each in zip(rows, means, sizes, strict=True)])
    known = settings.doubts.get(one.study.id)
    doubt = 1.0 if known is None else known.variance
    arms = np.array([row.arm for row in rows])
    alike = np.where(arms[:, None] == arms[None, :], settings.within, 0.0)
    np.fill_diagonal(alike, 1.0)
    places = {key: place for place, key in enumerate(dict.fromkeys(r.request.key for r in rows))}
    owners = {name: place for place, name in enumerate(dict.fromkeys(arms.tolist()))}
    unsure = np.array([row.arm in one.unsure for row in rows]) * settings.other_treatment
    sign = _signs(one)
    residual = one.fit.residual[np.ix_(one.counted, one.counted)]
    return {
        "observed": np.array(observed),
        "sampling": doubt * alike * np.outer(deviation, deviation),
        "sign": sign,
        "design": _design(one, sign),
        "group": np.array([places[row.request.key] for row in rows]),
        "arm": np.array([owners[row.arm] for row in rows]),
        "unsure": unsure,
        "other": _same(np.array([owners[row.arm] for row in rows]))
        * np.outer(unsure * sign, unsure * sign),
        "residual": residual,
    }


def size_of(row: Row) -> int:
    """Return the patients behind a row; ten where a study does not say it."""
    return max(row.n or 10, 1)


def _signs(one: StudyRows) -> Array:
    """Return +1 where cells raise a row that improves by rising: the direction of their effect."""
    moved: dict[str, float] = {}
    for place in one.counted:
        row = one.surface.rows[place]
        mean = float(one.surface.effect[:, place].mean())
        if abs(mean) > abs(moved.get(row.request.key, 0.0)):
            moved[row.request.key] = mean
    return np.array([-1.0 if moved.get(row.request.key, 0.0) < 0 else 1.0 for row in one.rows])


def _design(one: StudyRows, sign: Array) -> Array:
    """Return the loads of the open-label and the single-arm term: arms with cells only.

    A trial whose control arm printed nothing that counts is as good as of a single arm.
    """
    blinded = (one.study.design.blinding or "") in ("double", "single", "triple")
    single = bool(np.all(one.active[one.counted]))
    active = one.active[one.counted] * sign
    return np.stack([active * (not blinded), active * single], axis=1)


def _same(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(numbers[:, None] == numbers[None, :])


def _blocks(parts: Sequence[Array]) -> Array:
    size = sum(len(part) for part in parts)
    whole = np.zeros((size, size))
    at = 0
    for part in parts:
        whole[at : at + len(part), at : at + len(part)] = part
        at += len(part)
    return whole
