"""The bank: the same patients under every arm and every draw, once, for all replicates."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from funis.cache import cache_key, cached, keep
from funis.checks import InputError, Issue, nearest
from funis.models.factors import Points
from funis.pipeline.design.plan import PRESENT, DesignPlan
from funis.pipeline.design.worlds import World
from funis.pipeline.processes import Processes, Progress
from funis.pipeline.study_key import study_key
from funis.population import Pool
from funis.protocol import library_structures
from funis.trial import Enrolled, Study, enrol
from funis.trial.bank import EVENTS, course_of, followed
from funis.trial.course import Course, Group

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS = 1536
"""Courses that one task follows, about: a call of the solver has a cost of its own."""

ENROLLED_AT_ONCE = 512
GOLDEN = (math.sqrt(5) - 1) / 2
FORM = 2
"""Changes when what is kept of a bank does."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """What became of the patients of one world.

    Draw d is followed in part ``d % plan.groups`` of the patients: parts share nobody.

    Attributes
    ----------
    tables : endpoint -> (draw, arm, patient, visit); not-a-number where nobody looked.
    events : intercurrent event -> (draw, arm, patient) its week, infinite for never.
    failed : (draw, arm, patient).
    """

    world: World
    arms: tuple[str, ...]
    weeks: tuple[float, ...]
    tables: Mapping[str, Array]
    events: Mapping[str, Array]
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A study under one form of the model, everybody who is enrolled in it, and its `study_key`."""

    study: Study
    who: Enrolled
    key: str


def part(plan: DesignPlan, draw: int) -> Integers:
    """Return the patients of the part of the bank that a draw is followed in."""
    first = (draw % plan.groups) * plan.patients
    return np.arange(first, first + plan.patients, dtype=np.int64)


def check_structure(name: str) -> None:
    """Refuse a form of the model that the library does not have.

    Raises
    ------
    InputError
        There is no such structure.
    """
    known = library_structures()
    if name != PRESENT and name not in known:
        expected = f"{PRESENT}, or one of {', '.join(known)}"
        message = f"unknown structure '{name}'"
        raise InputError(Issue(None, None, "structures", message, expected, nearest(name, known)))


def design_study(plan: DesignPlan, pool: Pool, structure: str) -> Study:
    """Return the study that a bank follows under one form of the model.

    Raises
    ------
    InputError
        There is no such structure.
    """
    protocol = plan.trial.protocol
    check_structure(structure)
    if structure != PRESENT:
        form = library_structures()[structure]
        protocol = replace(protocol, structures=(*protocol.structures, form))
    population = replace(protocol.population, patients_per_site=plan.site_size)
    protocol = replace(protocol, population=population)
    trial, everyone = plan.trial, plan.groups * plan.patients
    return Study(protocol, trial.model, pool, trial.products, everyone, protocol.seed)


def settings_of(plan: DesignPlan, pool: Pool, structures: Sequence[str]) -> dict[str, Setting]:
    """Enrol the patients of the bank under each form of the model."""
    found = {}
    for name in structures:
        study = design_study(plan, pool, name)
        everybody = _everyone(study, plan.groups * plan.patients)
        found[name] = Setting(study, everybody, study_key(study))
    return found


def _everyone(study: Study, size: int) -> Enrolled:
    """Enrol all patients; the blocks change nobody."""
    firsts = range(0, size, ENROLLED_AT_ONCE)
    parts = [enrol(study, np.arange(i, min(i + ENROLLED_AT_ONCE, size))) for i in firsts]
    return Enrolled.joined(parts)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some draws of a world: what one task follows, and what is kept of it as one entry."""

    world: World
    draws: range


def build_banks(
    plan: DesignPlan, settings: Mapping[str, Setting], asked: Sequence[World], workers: int,
    progress: Progress,
) -> list[Bank]:  # fmt: skip
    """Return the bank of each world; what was kept of an earlier call is taken."""
    found = {
        (id(piece.world), piece.draws.start): content
        for piece, content in follow_pieces(plan, settings, asked, workers, progress)
    }
    return [bank_of_pieces(plan, one, [found[id(one), d.start] for d in cuts(plan, one)])
            for one in asked]  # fmt: skip


def follow_pieces(
    plan: DesignPlan, settings: Mapping[str, Setting], asked: Sequence[World], workers: int,
    progress: Progress,
) -> Iterator[tuple[Piece, bytes]]:  # fmt: skip
    """Yield what becomes of each piece of each world, world by world.

    Any first pieces of a world stand for all of its draws, which are kept in order: the pieces come
    spread over them. What was kept of an earlier call is taken; what is new is kept at once.
    """
    pieces = [piece for world in asked for piece in spread(list(_pieces(plan, world)))]
    kept = [_kept(plan, settings, piece) for piece in pieces]
    todo = [piece for piece, content in zip(pieces, kept, strict=True) if content is None]
    with Processes((plan, settings), min(workers, max(len(todo), 1))) as processes:
        fresh = iter(progress("Patients", processes.map(_follow, todo), len(todo)))
        for piece, content in zip(pieces, kept, strict=True):
            if content is None:
                content = next(fresh)
                keep("banks", _key(plan, settings, piece), content)
            yield piece, content
        for _ in fresh:  # a bar ends when it is asked for more
            pass


def spread(pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces in an order whose every beginning is spread evenly over all, the middle first.

    Steps of the golden ratio round a circle; a place that is taken gives way to the next free one.
    """
    left, order = list(range(len(pieces))), []
    for k in range(len(pieces)):
        place = math.floor((0.5 + GOLDEN * k) % 1 * len(pieces))
        order.append(left.pop(bisect_left(left, place) % len(left)))
    return [pieces[place] for place in order]


def cuts(plan: DesignPlan, world: World) -> Iterator[range]:
    """Yield the draws of each piece of a world, in order."""
    step = max(ROWS // (plan.patients * len(plan.arms)), 1)
    count = len(world.points)
    return (range(first, min(first + step, count)) for first in range(0, count, step))


def _pieces(plan: DesignPlan, world: World) -> Iterator[Piece]:
    return (Piece(world, draws) for draws in cuts(plan, world))


def follow_people(
    plan: DesignPlan, study: Study, who: Enrolled, points: Points, draws: Sequence[int]
) -> dict[str, Array]:
    """Follow patients under every arm, each under the factors of a draw.

    Parameters
    ----------
    who
        The patients of the first draw, then those of the next: as many of each.

    Returns
    -------
    dict
        ``table:`` endpoint -> (draw, arm, patient, visit), ``event:`` name and ``failed`` ->
        (draw, arm, patient).
    """
    shape = (len(draws), len(plan.arms), len(who.patient) // len(draws))
    seen = followed(*people_course(plan, study, who, points, draws), plan.endpoints)
    tables = {f"table:{k}": v.reshape(*shape, -1) for k, v in seen.tables.items()}
    events = {f"event:{k}": v.reshape(shape) for k, v in seen.events.items()}
    return {**tables, **events, "failed": seen.failed.reshape(shape).astype(np.float64)}


def people_course(
    plan: DesignPlan, study: Study, who: Enrolled, points: Points, draws: Sequence[int]
) -> tuple[Group, Course]:
    """Return the course of patients as `follow_people` takes them: (draw, arm, patient) as rows."""
    arms, chosen = len(plan.arms), np.asarray(draws)
    size = len(who.patient) // len(chosen)
    shape = (len(chosen), arms, size)
    row = np.arange(len(who.patient)).reshape(len(chosen), 1, size)
    arm_of = np.broadcast_to(np.arange(arms)[None, :, None], shape).ravel()
    factors = points.factors[np.repeat(chosen, arms * size)]
    columns = dict(zip(points.names, factors.T, strict=True))
    twins = who.rows(np.broadcast_to(row, shape).ravel())
    return course_of(study, twins, arm_of, columns)


def _follow(shared: tuple[DesignPlan, Mapping[str, Setting]], piece: Piece) -> bytes:
    plan, settings = shared
    setting = settings[piece.world.structure]
    people = np.concatenate([part(plan, draw) for draw in piece.draws])
    return _content(plan, setting.study, setting.who.rows(people), piece)


def _content(plan: DesignPlan, study: Study, who: Enrolled, piece: Piece) -> bytes:
    found = follow_people(plan, study, who, piece.world.points, list(piece.draws))
    content = BytesIO()
    np.savez_compressed(content, allow_pickle=False, **found)
    return content.getvalue()


def piece_with(plan: DesignPlan, study: Study, world: World, draw: int) -> tuple[Piece, bytes]:
    """Return the piece of a world that holds a draw, kept or followed now."""
    piece = next(one for one in _pieces(plan, world) if draw in one.draws)
    key = piece_key(plan, study_key(study), piece)
    content = cached("banks", key)
    if content is None:
        everybody = np.concatenate([part(plan, one) for one in piece.draws])
        people, where = np.unique(everybody, return_inverse=True)
        content = _content(plan, study, enrol(study, people).rows(where), piece)
        keep("banks", key, content)
    return piece, content


def _kept(plan: DesignPlan, settings: Mapping[str, Setting], piece: Piece) -> bytes | None:
    return cached("banks", _key(plan, settings, piece))


def _key(plan: DesignPlan, settings: Mapping[str, Setting], piece: Piece) -> str:
    return piece_key(plan, settings[piece.world.structure].key, piece)


def piece_key(plan: DesignPlan, study: str, piece: Piece) -> str:
    """Return the name under which a piece is kept: everything that its courses depend on.

    Parameters
    ----------
    study : its `study_key`.
    """
    points = piece.world.points
    rows = points.factors[piece.draws.start : piece.draws.stop].tobytes().hex()
    words = (
        plan.patients, plan.groups, plan.arms, plan.endpoints, points.names, rows, piece.draws,
        FORM,
    )  # fmt: skip
    return cache_key(study, *(repr(word) for word in words))


def bank_of_pieces(plan: DesignPlan, world: World, contents: Sequence[bytes]) -> Bank:
    """Return kept pieces, in the order of their draws, as one bank."""
    parts: list[dict[str, Array]] = []
    for content in contents:
        with np.load(BytesIO(content), allow_pickle=False) as kept:
            parts.append({name: kept[name] for name in kept.files})
    whole = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
    return bank_of(plan, world, whole)


def bank_of(plan: DesignPlan, world: World, found: Mapping[str, Array]) -> Bank:
    """Return what `follow_people` found as a bank."""
    tables = {name: found[f"table:{name}"] for name in plan.endpoints}
    events = {name: found[f"event:{name}"] for name in EVENTS}
    return Bank(world, plan.arms, plan.weeks, tables, events, found["failed"] > 0)
