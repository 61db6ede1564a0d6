"""`funis bench`: all measurements of one run, as plain data and as tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from statistics import median
from typing import Any

from funis.models import load_model
from funis.pipeline.bench.browser import BrowserMoves, browser_moves, browser_table
from funis.pipeline.bench.machine import peak_megabytes, processor, start_seconds
from funis.pipeline.bench.moves import MoveTimes, move_times, moves_table
from funis.pipeline.bench.peers import Funis, find_peers, installed_peers
from funis.pipeline.bench.rounds import Ratio, one_core, ratios
from funis.pipeline.bench.workload import OUTPUTS, WEEKS, workload
from funis.pipeline.library import first_disease
from funis.pipeline.processes import Progress, silent
from funis.pipeline.tables import Table
from funis.solver.kernel.batch import load_kernel
from funis.solver.kernel.machine import host_width

MEMORY_WEEKS = 12
ROWS = (("untreated", 0, False), ("4 monthly doses", 4, False),
        ("4 monthly doses, fluctuating disease", 4, True))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured.

    Attributes
    ----------
    machine : processor, cores, versions, states of the model.
    width : lanes of a vector.
    ratios : peer -> its tolerances.
    names : peer -> name with version.
    regimens : (regimen, patients per second by tolerance, of one core).
    throughput : (patients, threads, seconds, patients per second) at the default tolerance.
    start, memory : see `funis.pipeline.bench.machine`.
    moves, browser : of the page Explore, without a browser and in one.
    """

    machine: Mapping[str, str]
    width: int
    ratios: Mapping[str, tuple[Ratio, ...]]
    names: Mapping[str, str]
    regimens: tuple[tuple[str, Mapping[float, float]], ...]
    throughput: tuple[tuple[int, int, float, float], ...]
    start: Mapping[str, float]
    memory: Mapping[str, float]
    moves: Mapping[str, MoveTimes] = field(default_factory=dict)
    browser: BrowserMoves = field(default_factory=BrowserMoves)

    def document(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "machine": dict(self.machine),
            "width": self.width,
            "ratios": {
                peer: {_text(one.rtol): asdict(one) for one in found}
                for peer, found in self.ratios.items()
            },
            "regimens": {
                name: {_text(rtol): speed for rtol, speed in speeds.items()}
                for name, speeds in self.regimens
            },
            "throughput": [
                dict(
                    zip(("patients", "threads", "seconds", "patients_per_second"), row, strict=True)
                )
                for row in self.throughput
            ],
            "start": dict(self.start),
            "memory": dict(self.memory),
            "moves": {name: asdict(one) for name, one in self.moves.items()},
            "browser": asdict(self.browser),
        }

    def tables(self) -> tuple[Table, ...]:
        """Return everything as tables."""
        return (*self.engine_tables(), *move_tables(self.moves, self.browser))

    def engine_tables(self) -> tuple[Table, ...]:
        """Return what was measured of the engine as tables."""
        return (
            Table("Where", ("what", "value"), tuple((k, v) for k, v in self.machine.items())),
            *(self._ratio_table(peer) for peer in self.ratios),
            self._regimen_table(),
            Table(
                "Many patients, four monthly doses, relative tolerance 1e-5, checks included",
                ("patients", "threads", "seconds", "patients/s"),
                tuple(
                    (f"{n:,}", str(t), f"{s:.2f}", f"{v:,.0f}") for n, t, s, v in self.throughput
                ),
            ),
            Table(
                "From the start of a process to its first patient",
                ("cache", "seconds"),
                tuple((kind, f"{seconds:.2f}") for kind, seconds in self.start.items()),
            ),
            Table(
                f"Peak memory of one process that streams {MEMORY_WEEKS} weeks to disk",
                ("patients", "MB"),
                tuple((f"{int(n):,}", f"{size:.0f}") for n, size in self.memory.items()),
            ),
        )

    def _ratio_table(self, peer: str) -> Table:
        columns = (
            "rtol", "its error", "its patients/s", "ratio at equal tolerance",
            "funis rtol of equal error", "ratio at equal error (range of rounds)",
            "the same, error of all ten outputs", "ratio to its integrator alone", "failed",
        )  # fmt: skip
        rows = tuple(
            (
                _text(one.rtol), f"{one.peer_error:.1e}", f"{one.peer_speed:,.0f}",
                f"{one.equal_tolerance:.0f}", f"{one.own_rtol:.1e}",
                f"{one.equal_error:.0f} ({one.low:.0f} to {one.high:.0f})",
                f"{one.equal_error_all:.0f}",
                "-" if one.equal_error_own is None else f"{one.equal_error_own:.0f}",
                str(one.failed),
            )
            for one in self.ratios[peer]
        )  # fmt: skip
        return Table(f"Against {self.names[peer]}: one core, four monthly doses", columns, rows)

    def _regimen_table(self) -> Table:
        tolerances = list(self.regimens[0][1]) if self.regimens else []
        columns = ("regimen", *(f"patients/s at {_text(rtol)}" for rtol in tolerances))
        rows = tuple(
            (name, *(f"{speeds[rtol]:,.0f}" for rtol in tolerances))
            for name, speeds in self.regimens
        )
        return Table("One core, by regimen", columns, rows)


def bench_moves(
    moves: int, progress: Progress = silent
) -> tuple[Mapping[str, MoveTimes], BrowserMoves]:
    """Measure moves of the page Explore alone: of each disease, and in a browser."""
    return move_times(moves, progress=progress), browser_moves(moves)


def move_tables(moves: Mapping[str, MoveTimes], browser: BrowserMoves) -> tuple[Table, ...]:
    """Return what was measured of the page Explore as tables, and on which machine."""
    place = Table("Where moves of Explore were timed", ("what", "value"), tuple(where().items()))
    measured = [moves_table(dict(moves))] if moves else []
    return (place, *measured, browser_table(browser))


def bench(
    disease: str | None = None,
    *,
    against: Sequence[str] | None = None,
    rounds: int = 5,
    patients: int = 4096,
    peer_patients: int = 64,
    sizes: Sequence[int] = (1_000, 10_000, 100_000),
    memory: Sequence[int] = (10_000, 100_000),
    moves: int = 200,
    progress: Progress = silent,
) -> Bench:
    """Measure.

    Parameters
    ----------
    disease : whose model is timed; that of the demonstration trial when None.
    against : peers to compare with; those that are installed when None.
    rounds : interleaved rounds, of which medians and ranges are given.
    patients, peer_patients : patients of a timing of this engine and of a peer.
    sizes : numbers of patients of the throughput, on one thread and on two.
    memory : numbers of patients whose peak memory is measured.
    moves : of the page Explore that are timed, in each disease and in the browser.

    Raises
    ------
    InputError
        An unknown disease or peer.
    """
    peers = find_peers(installed_peers() if against is None else tuple(against))
    model = load_model(disease or first_disease())
    load_kernel(model.form, False)  # compiled before anything is timed
    with one_core():
        compared = {
            name: ratios(model, peer, rounds=rounds, patients=patients, peer_patients=peer_patients)
            for name, peer in progress("Comparing", peers.items(), len(peers))
        }
        regimens = []
        for name, doses, forced in progress("Regimens", ROWS, len(ROWS)):
            work = workload(model, patients, doses=doses, forced=forced)
            speeds = {
                rtol: median(work.size / Funis().solve(work, rtol).seconds for _ in range(rounds))
                for rtol in (1e-4, 1e-5, 1e-6)
            }
            regimens.append((name, speeds))
    cases = [(size, threads) for size in sizes for threads in (1, 2)]
    throughput = []
    for size, threads in progress("Many patients", cases, len(cases)):
        seconds = Funis().solve(workload(model, size), 1e-5, threads).seconds
        throughput.append((size, threads, seconds, size / seconds))
    return Bench(
        _machine(model.name, len(model.form.states)),
        host_width(),
        compared,
        {name: peer.name for name, peer in peers.items()},
        tuple(regimens),
        tuple(throughput),
        start_seconds(model.id, min(rounds, 3)),
        peak_megabytes(model.id, memory, MEMORY_WEEKS),
        move_times(moves, progress=progress),
        browser_moves(moves),
    )


def where() -> dict[str, str]:
    """Return the processor of this machine and how many cores it has."""
    return {"processor": processor(), "cores": str(os.cpu_count())}


def _machine(name: str, states: int) -> dict[str, str]:
    return {
        **where(),
        "lanes of a vector": str(host_width()),
        "llvmlite": metadata.version("llvmlite"),
        "model": f"{name}, {states} states",
        "output": f"{WEEKS} weeks x {len(OUTPUTS)} quantities",
    }


def _text(rtol: float) -> str:
    return f"{rtol:.0e}".replace("e-0", "e-")
