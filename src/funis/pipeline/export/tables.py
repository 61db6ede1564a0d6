"""Every table of an export, in one order."""

from __future__ import annotations

from funis.pipeline.export.columns import Dataset
from funis.pipeline.export.events import event_table
from funis.pipeline.export.exposure import exposure_table
from funis.pipeline.export.observed import endpoint_table, observed_table
from funis.pipeline.export.record import RunRecord
from funis.pipeline.export.subjects import subject_table
from funis.pipeline.export.times import time_table


def analysis_tables(run: RunRecord) -> tuple[Dataset, ...]:
    """Return ADSL, ADEX, ADEFF, ADENDPT, ADTTE and ADAE of a run.

    Raises
    ------
    InputError
        A table of the run holds what no transport format could hold.
    """
    return (
        subject_table(run),
        exposure_table(run),
        observed_table(run),
        endpoint_table(run),
        time_table(run),
        event_table(run),
    )
