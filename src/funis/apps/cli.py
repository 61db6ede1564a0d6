"""The command line: ``funis``. Heavy modules load inside the commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from funis.apps import (
    calibration,
    evidence,
    ledger,
    model,
    product,
    runs,
    sbml,
    sequential,
    sizes,
    terminal,
)
from funis.apps.bench import bench
from funis.apps.control import control
from funis.apps.design import design, twin
from funis.apps.draft import draft
from funis.apps.explore import explore
from funis.apps.export import export
from funis.apps.optimise import optimise
from funis.apps.options import DiseaseName, Into, Json, TrialName, Workers
from funis.apps.plan import plan
from funis.apps.runs import why
from funis.apps.safety import safety
from funis.apps.serve import serve

if TYPE_CHECKING:
    from funis.pipeline.check import Checked
    from funis.pipeline.gate_values import PharmacologyGate, PlaceboGate, PopulationGate
    from funis.pipeline.processes import Progress
    from funis.pipeline.routes import RoutesGate
    from funis.pipeline.run import RunResult
    from funis.pipeline.safety.gate import SafetyGate

    Gate: TypeAlias = PharmacologyGate | PlaceboGate | PopulationGate | RoutesGate | SafetyGate

DEMO_FOLDER = Path("funis-demo")

HELP = """In-silico trials of umbilical-cord mesenchymal stromal cells in autoimmune disease.

Research and education software. Not a medical device. Not for deciding the care of an individual.
"""

app = typer.Typer(
    name="funis",
    help=HELP,
    add_completion=False,
    no_args_is_help=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
gates = typer.Typer(help="Hold a disease model against what is published.", no_args_is_help=False)
app.add_typer(gates, name="gate")
app.add_typer(sbml.commands, name="sbml")
app.add_typer(evidence.commands, name="evidence")
app.add_typer(ledger.commands, name="ledger")
app.add_typer(product.commands, name="product")
app.add_typer(runs.commands, name="runs")
app.add_typer(model.commands, name="model")

KINDS_HELP = (
    "diseases, trials, protocols, products, lots, structures, drugs, routes or endpoints (default:"
    " all)."
)
DOSE_HELP = (
    "CELLS:ROUTE@DAYS, such as 70e6:iv@0,28 or 1e6/kg:iv@0:28x4 (4 times, every 28 days). "
    "Repeatable."
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Print help where no command is given."""
    if version:
        from importlib import metadata

        typer.echo(f"funis {metadata.version('funis')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@gates.callback(invoke_without_command=True)
def gate_root(context: typer.Context) -> None:
    """Hold a disease model against what is published."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def run(
    trial: TrialName,
    patients: Annotated[
        int | None, typer.Option(metavar="N", help="Patients an arm, in place of the protocol's.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="S", help="Seed, in place of the protocol's.")
    ] = None,
    workers: Workers = None,
    ensemble: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What cells are drawn from: borrowed, own, prior or none (library as it is).",
        ),
    ] = "borrowed",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the run (default: ./funis-TRIAL; none with --json)."
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Conduct a virtual trial: print its table, write its report and tables."""
    from funis.pipeline.run import run_trial

    with terminal.one_document(json) as put:
        folder = out if out is not None or json else Path(f"funis-{Path(trial).stem}")
        done = run_trial(
            trial,
            patients=patients,
            seed=seed,
            workers=workers,
            out=folder,
            ensemble=ensemble,
            progress=terminal.progress(json),
        )
        return put(done.document, done.issues) if json else _show(done)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run.")] = DEMO_FOLDER,
    workers: Workers = None,
) -> int:
    """Conduct the rheumatoid-arthritis trial of the library: `funis run ra_demo`."""
    from funis.pipeline.library import DEMO_TRIAL
    from funis.pipeline.run import run_trial

    progress = terminal.progress()
    status = _show(run_trial(DEMO_TRIAL, workers=workers, out=out, progress=progress))
    typer.echo("Everything in a browser: funis serve")
    return status


@app.command()
def check(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Files, disease folders; - for a trial on standard input (default: the library).",
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Check files: each fault is one line with file, line, what was expected, the nearest name."""
    from funis.pipeline.check import STDIN, check_files, check_text

    with terminal.one_document(json) as put:
        if files == [STDIN]:
            checked: Sequence[Checked] = (check_text(terminal.standard_input()),)
        else:
            checked = check_files(files or ())
        issues = [issue for item in checked for issue in item.issues]
        errors = [issue for issue in issues if issue.severity == "error"]
        if json:
            found = [
                {
                    "path": item.path,
                    "kind": item.kind,
                    "issues": [str(issue) for issue in item.issues],
                }
                for item in checked
            ]
            put(
                {
                    "files": found,
                    "warnings": [str(issue) for issue in issues if issue.severity == "warning"],
                    **({"error": [str(issue) for issue in errors]} if errors else {}),
                }
            )
        else:
            _show_checks(checked, len(errors), len(issues) - len(errors))
    return terminal.USAGE if errors else terminal.SUCCESS


@app.command("list")
def list_(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help=KINDS_HELP),
    ] = None,
    json: Json = False,
) -> int:
    """List what the library holds and what a trial file may name."""
    from funis.pipeline.library import list_library

    with terminal.one_document(json) as put:
        entries = list_library(kind)
        if json:
            return put([dict(entry) for entry in entries])
        terminal.show_entries(entries)
    return terminal.SUCCESS


@app.command()
def simulate(
    disease: DiseaseName,
    dose: Annotated[
        list[str] | None,
        typer.Option(metavar="DOSE", help=DOSE_HELP),
    ] = None,
    weeks: Annotated[float, typer.Option(metavar="W", help="Length in weeks.")] = 52.0,
    patients: Annotated[int, typer.Option(metavar="N", help="Patients in the cohort.")] = 200,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the choice of patients.")] = 1,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Score or output to show as well. Repeatable."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the courses as CSV.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write every patient, file by file, and summaries; the same command goes on with"
            " a run that was interrupted.",
        ),
    ] = None,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Simulate a cohort and its typical patient under some doses, beside the same untreated."""
    from funis.pipeline.run import check_writable
    from funis.pipeline.simulate import simulate_cohort
    from funis.pipeline.stream import StreamedCohort, stream_cohort
    from funis.store import write_text

    with terminal.one_document(json) as put:
        if csv is not None:
            check_writable(csv, file=True)
        call = simulate_cohort if out is None else partial(stream_cohort, out=out)
        done = call(
            disease,
            dose or (),
            weeks=weeks,
            patients=patients,
            seed=seed,
            outputs=output or (),
            workers=workers,
            progress=terminal.progress(json),
        )
        course = done.course if isinstance(done, StreamedCohort) else done
        if csv is not None:
            write_text(csv, course.csv())
        if json:
            return put(done.document())
        terminal.show_course(course)
        if isinstance(done, StreamedCohort):
            terminal.show_streamed(done)
        if csv is not None:
            typer.echo(f"\nCourses: {csv}")
    return terminal.SUCCESS


@app.command()
def population(
    disease: DiseaseName,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Parquet file to write.")],
    patients: Annotated[int, typer.Option(metavar="N", help="Plausible patients.")] = 200,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the draws.")] = 1,
    workers: Workers = None,
    trial_pool: Annotated[
        bool,
        typer.Option("--trial-pool", help="The fixed pool that trials draw from."),
    ] = False,
) -> int:
    """Write virtual patients with their weights as Parquet, and print what the gate did."""
    from funis.pipeline.population import library_pool, population_table

    shown = terminal.progress()
    if trial_pool:
        pool = library_pool(disease, out=out, workers=workers, progress=shown)
    else:
        pool = population_table(
            disease, patients=patients, seed=seed, out=out, workers=workers, progress=shown
        )
    terminal.show_pool(pool)
    typer.echo(f"\nVirtual patients: {out}")
    return terminal.SUCCESS


@gates.command("population")
def gate_population(
    disease: DiseaseName,
    draws: Annotated[int, typer.Option(metavar="N", help="Raw draws.")] = 2000,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the draws.")] = 1,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Put raw draws through the gate of plausible patients: reasons, marginals, weights."""
    from funis.pipeline.gates import population_gate

    def gate(progress: Progress) -> PopulationGate:
        return population_gate(disease, draws=draws, seed=seed, workers=workers, progress=progress)

    return _judge(gate, into, json, f"funis gate population {disease}")


@gates.command("placebo")
def gate_placebo(
    disease: DiseaseName,
    patients: Annotated[int, typer.Option(metavar="N", help="Virtual patients on placebo.")] = 2000,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the trial.")] = 1,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Hold the placebo arm against published placebo arms."""
    from funis.pipeline.gates import placebo_gate

    def gate(progress: Progress) -> PlaceboGate:
        return placebo_gate(
            disease, patients=patients, seed=seed, workers=workers, progress=progress
        )

    return _judge(gate, into, json, f"funis gate placebo {disease}")


@gates.command("pharmacology")
def gate_pharmacology(
    disease: DiseaseName,
    patients: Annotated[int, typer.Option(metavar="N", help="Patients an arm.")] = 300,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the trials.")] = 1,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Hold targeted drugs against their published effects, and cells against the anti-TNF."""
    from funis.pipeline.gates import pharmacology_gate

    def gate(progress: Progress) -> PharmacologyGate:
        return pharmacology_gate(
            disease, patients=patients, seed=seed, workers=workers, progress=progress
        )

    return _judge(gate, into, json, f"funis gate pharmacology {disease}")


@gates.command("routes")
def gate_routes(
    disease: DiseaseName,
    patients: Annotated[int, typer.Option(metavar="N", help="Virtual patients.")] = 200,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the choice from the pool.")] = 1,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Give the same dose by every route, and add up where cells live and what they change."""
    from funis.pipeline.routes import routes_gate

    def gate(progress: Progress) -> RoutesGate:
        return routes_gate(
            disease, patients=patients, seed=seed, workers=workers, progress=progress
        )

    return _judge(gate, into, json, f"funis gate routes {disease}")


@gates.command("safety")
def gate_safety(
    trial: Annotated[
        str, typer.Argument(metavar="[TRIAL]", help="Trial whose schedule is given by each route.")
    ] = "ra_two_arm",
    patients: Annotated[
        int, typer.Option(metavar="N", help="Virtual patients a route, half of them controls.")
    ] = 20000,
    seed: Annotated[int, typer.Option(metavar="S", help="Seed of the trials.")] = 1,
    trials: Annotated[
        int, typer.Option(metavar="N", help="Small trials, each with true rates of its own.")
    ] = 100,
    workers: Workers = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Hold adverse events of large trials against published ratios, predicted ones beside them."""
    from funis.pipeline.safety.gate import safety_gate

    def gate(progress: Progress) -> SafetyGate:
        return safety_gate(
            trial, patients=patients, seed=seed, drawn=trials, workers=workers, progress=progress
        )

    return _judge(gate, into, json, "funis gate safety")


app.command()(calibration.calibrate)
app.command()(calibration.validate)
app.command("control")(control)
app.command("safety")(safety)
app.command("serve")(serve)
app.command("draft")(draft)
app.command("design")(design)
app.command("twin")(twin)
app.command("optimise")(optimise)
app.command("why")(why)
app.command("plan")(plan)
app.command("explore")(explore)
app.command()(ledger.credibility)
app.command()(ledger.petab)
app.command("tests")(sizes.measure_sizes)
app.command("export")(export)
app.command()(sequential.boundaries)
app.command()(sequential.adaptive)
app.command()(sequential.escalation)


app.command("bench")(bench)


def main() -> None:
    """Run the command line and end with its exit status."""
    from funis.apps.door import enter

    raise SystemExit(enter(app))


def _show(done: RunResult) -> int:
    from funis.pipeline.reporting import headline
    from funis.report import plain_table

    shown = headline(done.report)
    if done.n_failed:
        typer.echo(terminal.failed_text(done.results.failed))
    typer.echo(plain_table(shown))
    if done.folder is not None:
        more = len(done.report.endpoints) - len(shown.endpoints)
        others = f" ({more} more endpoints, figures, evidence, methods)" if more else ""
        typer.echo(f"Report: {done.folder / 'report.html'}{others}")
        typer.echo(f"Tables: {done.folder}/*.parquet, results.json, manifest.json")
    return terminal.warn(done.issues)


def _show_checks(checked: Any, errors: int, warnings: int) -> None:
    for item in checked:
        for issue in item.issues:
            typer.echo(str(issue), err=True)
        state = "errors" if item.issues.errors else "no errors"
        typer.echo(f"{item.path}: {item.kind or 'not recognised'}, {state}")
    typer.echo(f"{len(checked)} checked: {errors} errors, {warnings} warnings")


def _judge(make: Callable[[Progress], Gate], into: Path | None, json: bool, mark: str) -> int:
    """Make a gate and show it; the exit status says whether it was passed."""
    from funis.pipeline.tables import fill_marked, marked_place

    with terminal.one_document(json) as put:
        if into is not None:
            marked_place(into, mark)
        gate = make(terminal.progress(json))
        tables = gate.tables()
        if into is not None:
            fill_marked(into, mark, "\n".join(table.markdown() for table in tables))
        if json:
            put(gate.document())
        else:
            terminal.show_tables(tables)
    return terminal.SUCCESS if gate.passed else terminal.NOT_PASSED
