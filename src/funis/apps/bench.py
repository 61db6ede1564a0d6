"""``funis bench``: how fast the engine is, and how fast the page Explore follows a slider."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from funis.apps import terminal
from funis.apps.options import Into, Json

if TYPE_CHECKING:
    from funis.pipeline.tables import Table

ENGINE_MARK, MOVES_MARK = "funis bench", "funis bench --only-moves"
"""Places of a document: what is measured of the engine, and of the page Explore."""


def bench(
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Engines: libroadrunner, amici; or none (default: those that are installed).",
        ),
    ] = None,
    disease: Annotated[
        str | None,
        typer.Option(
            metavar="DISEASE",
            help="Disease whose model is timed (default: that of the demonstration trial).",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(metavar="N", help="Interleaved rounds.")] = 5,
    patients: Annotated[int, typer.Option(metavar="N", help="Patients of one timing.")] = 4096,
    peer_patients: Annotated[
        int, typer.Option(metavar="N", help="Patients of one timing of another engine.")
    ] = 64,
    sizes: Annotated[
        str, typer.Option(metavar="N,N", help="Numbers of patients of the throughput.")
    ] = "1000,10000,100000",
    memory: Annotated[
        str, typer.Option(metavar="N,N", help="Numbers of patients whose memory is measured.")
    ] = "10000,100000",
    moves: Annotated[
        int,
        typer.Option(metavar="N", help="Moves of the page Explore that are timed; 0 for none."),
    ] = 200,
    only_moves: Annotated[
        bool, typer.Option("--only-moves", help="Time moves of the page Explore and nothing else.")
    ] = False,
    into: Into = None,
    json: Json = False,
) -> int:
    """Measure the engine against its peers at equal error; start, memory, moves of Explore."""
    from funis.pipeline.bench import bench as measure
    from funis.pipeline.bench import bench_moves, move_tables, where
    from funis.pipeline.inputs import named, require_whole, whole_numbers
    from funis.pipeline.tables import marked_place

    with terminal.one_document(json) as put:
        if only_moves:
            _refuse_beside_moves(against=against, disease=disease)
        require_whole(rounds=rounds, patients=patients, peer_patients=peer_patients)
        require_whole(0, moves=moves)
        if into is not None:
            for mark in (MOVES_MARK,) if only_moves else (ENGINE_MARK, MOVES_MARK):
                marked_place(into, mark)
        if only_moves:
            found, browser = bench_moves(moves, terminal.progress(json))
            parts = {MOVES_MARK: move_tables(found, browser)}
            each = {name: asdict(one) for name, one in found.items()}
            document: dict[str, Any] = {
                "machine": where(), "moves": each, "browser": asdict(browser),
            }  # fmt: skip
        else:
            done = measure(
                disease,
                against=None if against is None else named(against),
                rounds=rounds,
                patients=patients,
                peer_patients=peer_patients,
                sizes=whole_numbers("--sizes", sizes),
                memory=whole_numbers("--memory", memory),
                moves=moves,
                progress=terminal.progress(json),
            )
            moved = move_tables(done.moves, done.browser)
            parts = {ENGINE_MARK: done.engine_tables(), MOVES_MARK: moved}
            document = done.document()
        _fill(into, parts)
        if json:
            put(document)
        else:
            terminal.show_tables([table for part in parts.values() for table in part])
    return terminal.SUCCESS


def _refuse_beside_moves(**given: str | None) -> None:
    """Refuse options of the engine where moves of Explore alone are timed, in every disease."""
    from funis.checks import Issue, IssueList

    expected = "nothing: moves are timed in every disease"
    IssueList(
        Issue(None, None, f"--{name}", "means nothing beside --only-moves", expected)
        for name, value in given.items()
        if value is not None
    ).raise_errors()


def _fill(into: Path | None, parts: dict[str, tuple[Table, ...]]) -> None:
    from funis.pipeline.tables import fill_marked

    if into is not None:
        for mark, tables in parts.items():
            fill_marked(into, mark, "\n".join(table.markdown() for table in tables))
