from dataclasses import replace

import polars as pl
import pytest

from funis.pipeline.export.events import event_table
from funis.pipeline.export.exposure import exposure_table
from funis.pipeline.export.observed import endpoint_codes, endpoint_table, parameters
from funis.pipeline.export.shared import study_day
from funis.pipeline.export.subjects import subject_table
from funis.pipeline.inputs import load_trial


def test_the_endpoint_table_alone_gives_the_estimates_of_the_run(tables, done):
    frame = tables["ADENDPT"].frame
    for one in done.results.estimates:
        arm = done.study.protocol.arm(one.arm).label
        rows = frame.filter(pl.col("SRCVAR") == one.endpoint, pl.col("TRTP") == arm)
        if rows.height:
            assert rows["AVAL"].drop_nulls().len() == one.n
            assert rows["AVAL"].mean() == pytest.approx(one.estimate, rel=1e-12)
    declared = {request.key for request in done.study.protocol.endpoints}
    assert set(frame["SRCVAR"]) == declared


def test_observations_are_those_of_the_run(tables, record):
    frame = tables["ADEFF"].frame
    own = frame.filter(pl.col("PARCAT1").is_in(["COMPONENT", "STRUCTURE"]))
    kept = own.select(
        pl.col("USUBJID").str.slice(-6).cast(pl.Int64).alias("subject"),
        pl.col("SRCVAR").alias("component"), pl.col("AVISITN").alias("week"), value="AVAL",
    )  # fmt: skip
    order = ["subject", "component", "week"]
    asked = record.observations.select(*order, "value").sort(order)
    assert kept.sort(order).equals(asked)


def test_a_change_is_the_value_less_the_one_flag_of_its_baseline(tables):
    frame = tables["ADEFF"].frame
    flagged = frame.filter(pl.col("ABLFL") == "Y")
    assert flagged.height == flagged.unique(["USUBJID", "PARAMCD"]).height
    assert (flagged["AVISITN"] == 0).all()
    changed = frame.filter(pl.col("CHG").is_not_null())
    assert (changed["CHG"] == changed["AVAL"] - changed["BASE"]).all()
    told = frame.filter(pl.col("PARCAT1") == "RESPONSE")
    assert ((told["AVALC"] == "Y") == (told["AVAL"] == 1)).all()


def test_codes_are_short_and_belong_to_one_parameter(record):
    codes = [one.code for one in parameters(record)]
    keys = endpoint_codes(record.trial.protocol.endpoints)
    assert len({*codes}) == len(codes)
    assert len({*keys.values()}) == len(keys)
    assert all(len(code) <= 8 for code in (*codes, *keys.values()))


def test_a_subject_says_that_it_is_virtual_and_bears_no_date(tables, record):
    subjects = tables["ADSL"].frame
    assert subjects["USUBJID"].str.contains("VIRTUAL").all()
    assert subjects["STUDYTTL"].str.starts_with("SIMULATED").all()
    assert (subjects["SUBJID"] == record.subjects["subject"].sort()).all()
    for table in tables.values():
        assert not [c.name for c in table.columns if c.name.endswith(("DT", "DTC", "DTM"))]
        assert [c.name for c in table.columns][:3] == ["STUDYID", "USUBJID", "SIMFL"]


def test_there_is_no_study_day_0():
    days = pl.DataFrame({"day": [-14.0, -0.5, 0.0, 0.9, 1.0, 28.0]})
    assert days.select(study_day(pl.col("day")))["day"].to_list() == [-14, -1, 1, 1, 2, 29]


def test_times_to_events_end_where_somebody_left(tables, record):
    times = tables["ADTTE"].frame
    left = times.filter(pl.col("PARAMCD") == "TTDISC", pl.col("CNSR") == 0)
    weeks = record.subjects["discontinued_week"].drop_nulls()
    assert sorted(left["AVAL"].to_list()) == pytest.approx(sorted((7 * weeks).to_list()))
    rescued = times.filter(pl.col("PARAMCD") == "TTRESC", pl.col("CNSR") == 0)
    assert rescued.height == record.subjects["rescued_week"].is_not_null().sum()


EVENTS = pl.DataFrame(
    {
        "subject": [3, 1, 1], "arm": ["placebo", "placebo", "placebo"], "day": [-2.0, 5.0, 0.25],
        "end_day": [None, 6.0, 1.25], "term": ["Fever", "Kopfweh für zwei Tage", "Fever"],
        "grade": [1, 3, 2], "serious": [False, True, False], "related": [True, False, True],
        "expected": [True, True, False], "dose": [None, None, 1], "route": [None, None, "iv"],
        "source_kind": ["background", "background", "procedure"], "added_later": [0.5, None, 1.5],
    },
    schema_overrides={"dose": pl.Int64, "route": pl.String},
)  # fmt: skip


def test_adverse_events_are_numbered_by_day_and_keep_later_columns(record):
    arms = record.subjects.filter(pl.col("subject").is_in([1, 3])).select("subject", "arm")
    events = EVENTS.drop("arm").join(arms, on="subject")
    frame = event_table(replace(record, adverse_events=events)).frame
    assert frame["USUBJID"].str.slice(-6).to_list() == ["000001", "000001", "000003"]
    assert frame["AETERM"].to_list() == ["Fever", "Kopfweh für zwei Tage", "Fever"]
    assert frame["AESEQ"].to_list() == [1, 2, 1]
    assert frame["AESER"].to_list() == ["N", "Y", "N"]
    assert frame["ATOXGR"].to_list() == ["2", "3", "1"]
    assert frame["TRTEMFL"].to_list() == ["Y", "Y", "N"]
    assert frame["AEDOSEN"].to_list() == [1, None, None]
    assert frame["ADDDLTR"].to_list() == [1.5, None, 0.5]


def test_a_run_without_adverse_events_has_a_table_without_rows(record):
    frame = event_table(replace(record, adverse_events=None)).frame
    assert frame.height == 0
    assert "AETERM" in frame.columns


def test_a_crossover_has_a_value_for_each_period_from_its_own_start(record):
    trial = load_trial("ms_crossover")
    turns = trial.protocol.crossover
    sequences = [*turns.sequences]
    weeks = trial.protocol.visits.weeks
    seen = [(n, week, n + 0.1 * week) for n in range(len(sequences)) for week in weeks]
    subject = [row[0] for row in seen]
    own = replace(
        record,
        trial=trial,
        subjects=pl.DataFrame(
            {"subject": [*range(len(sequences))], "site": 0, "arm": sequences,
             "status": "completed", "status_reason": None, "discontinued_week": None,
             "rescued_week": None},
            schema_overrides={"discontinued_week": pl.Float64, "rescued_week": pl.Float64},
        ),
        doses=record.doses.clear(),
        adverse_events=None,
        observations=pl.DataFrame(
            {"subject": subject, "arm": [sequences[n] for n in subject],
             "week": [float(row[1]) for row in seen], "visit": "a visit", "component": "edss",
             "value": [row[2] for row in seen]},
        ),
    )  # fmt: skip
    first = trial.protocol.endpoints[0]
    frame = endpoint_table(own).frame.filter(pl.col("SRCVAR") == first.key)
    assert frame.height == len(sequences) * turns.periods
    assert frame["AVAL"].to_list() == pytest.approx([0.1 * first.week] * frame.height)
    labels = {arm.id: arm.label for arm in trial.protocol.arms}
    for number, order in enumerate(turns.sequences.values()):
        rows = frame.filter(pl.col("USUBJID").str.ends_with(f"{number:06}")).sort("APERIOD")
        assert rows["TRTP"].to_list() == [labels[arm] for arm in order]
        whole = subject_table(own).frame.row(number, named=True)
        assert [whole["TRT01P"], whole["TRT02P"]] == [labels[arm] for arm in order]


def test_columns_that_later_trials_add_are_exported(record):
    later = replace(
        record,
        subjects=record.subjects.with_columns(stratum=pl.lit("high"), sequence=pl.lit("AB")),
        doses=record.doses.with_columns(period=pl.lit(1)),
    )
    assert {"STRATUM", "SEQUENCE"} <= {*subject_table(later).frame.columns}
    assert (exposure_table(later).frame["PERIOD"] == 1).all()
