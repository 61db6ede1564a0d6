"""``docs/commands.md`` from the command line itself: ``python -m funis.apps.reference FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PREFACE = """# Commands

Generated from the command line by `python -m funis.apps.reference docs/commands.md`; a test checks
that it is current. Research and education software: not a medical device, not for deciding the
care of an individual.

Exit status: 0 fine; 1 a gate was not passed, a case of a test suite is wrong, a larger share of
patients failed in one arm than in another, or two solutions of one patient differ by more than the
tolerance allows; 2 wrong input, told in one line for each fault with file, line, what was expected
and the nearest valid name, and nothing is written; 130 after Ctrl-C: nothing is written, but for
`simulate --out`, which keeps its whole files and says so.

With `--json` standard output holds one JSON document and nothing else, also when the command fails:
then it is `{"error": [...]}`. A document that is no list holds the statement of use under
`research_use`. Progress and warnings go to standard error.
"""

EXPLORE_NOTES = """
Without doses of a trial's rules, drop-out, noise and placebo response: each virtual patient, under
a draw of the posterior, beside his twin, who gets no cells. [What the page
shows](workbench.md#explore).

`PLACE` is a disease, or a link of the page. Its keys: `disease`, `route` and `dose` (one each,
with commas between several; `/kg` behind the last dose for cells per kg), `times`, `every` (days),
`hold` (minutes from thaw to vein), `product`, `shape`, `memory`, `potency` (posterior, library,
none), `null` (share of draws in which cells do nothing), `weeks`, `patients`, `seed`, and the
traits of the disease (`yes`, `no`).

The document of `--json`; numbers have four significant digits:

```json
{"research_use": "...", "simulated": "...", "link": "disease=ra&...", "disease": "...",
 "product": "...", "patients": 200, "failed": 0, "draws": "...", "left_out": "...",
 "tolerance": 0.001, "headline": "...",
 "grade": {"level": "low", "randomised_patients": 105, "text": "...", "effects": []},
 "week": 12, "weeks": [0, 1], "cell_weeks": [0, 0.006, 0.143],
 "score": {"id": "DAS28_CRP", "name": "DAS28-CRP", "unit": "", "better": "lower",
    "treated": [[4.3], [5.1], [5.6], [6.0], [6.5]], "twin": [[4.3], [5.1], [5.6], [6.0], [6.5]],
    "difference": [[0], [0], [0]]},
 "responders": [], "mechanism": [], "cells": [], "delivered": {"iv": {}}, "harms": []}
```

`treated` and `twin` of the score hold the 5th, 25th, 50th, 75th and 95th percentile of the
patients, those of mechanism and cells the 5th, 50th and 95th, those of a responder rule the share;
`difference` the mean of treated - twin with its 95 % interval over draws.
"""

RUN_NOTES = """
The document of `--json`, also written as `results.json`:

```json
{"research_use": "...", "seed": 1,
 "failed": {"placebo": {}, "msc": {"failed to solve": 1}},
 "arms": {"placebo": {"n": 100, "endpoints": {
    "ACR20@12": {"estimate": 0.29, "low": 0.21, "high": 0.385, "unit": "proportion", "n": 100}}}},
 "contrasts": [{"arm": "msc", "reference": "placebo", "endpoint": "ACR20@12", "week": 12.0,
    "measure": "difference_in_proportions", "estimate": 0.12, "low": -0.01, "high": 0.24,
    "unit": "proportion", "method": "...", "p_value": 0.07}],
 "success": [], "sensitivity": [], "durability": [],
 "adverse_events": {"placebo": [{"term": "fever", "n": 100, "patients": 2, "events": 2,
    "risk": 0.02, "low": 0.006, "high": 0.07, "patient_years": 95.0, "per_patient_year": 0.021,
    "per_patient_year_low": 0.005, "per_patient_year_high": 0.08, "serious": 0, "grade3plus": 0,
    "related": 2, "by_dose": [1, 1],
    "risk_ratio": {"estimate": null, "low": null, "high": null},
    "risk_difference": {"estimate": null, "low": null, "high": null},
    "rate_ratio": {"estimate": null, "low": null, "high": null}}]},
 "ensemble": {"basis": "borrowed", "no_effect": {"borrowed": 0.06, "own": 0.03, "prior": 0.3},
    "potency_factor": {"estimate": 1.6, "low": 0.6, "high": 3.9}, "rests_on": {"rows": 21},
    "identified": false, "model_uncertainty": [{"arm": "msc", "score": "...", "week": 12.0,
       "effect": {"estimate": -0.3, "low": -0.8, "high": 0.0}, "between_draws": 0.3,
       "between_patients": 0.3, "sampling": 0.1}]},
 "trial": "...", "evidence": "...", "issues": []}
```

`ensemble` says what cells were drawn from and what that leaves open
([calibration.md](calibration.md)); it is `null` with `--ensemble none`, and where the disease has
no ensemble of its present form.

Keys of endpoints: `ACR20@12` for responders, `DAS28_CRP_change@12` for changes, `DAS28_CRP@12` for
values, `RELAPSES_rate@96` for events per patient-year; proportions lie between 0 and 1. A contrast
is the arm minus the reference, but where its `"unit"` is `"ratio"` (of rates, hazards, odds, wins)
the arm divided by it; `method` says how ([analysis_methods.md](analysis_methods.md)). A time to
the first visit that meets a condition has the key `CDP12_time@96`. `sensitivity` holds the
analyses that the trial file asks for, as contrasts with `missing`, `delta` and `tipping_point`.
What is not a number is `null`. `n` counts the patients whose simulation did not fail.
The run folder holds `report.html`, `results.json`, `trial.yaml` (a copy of the trial file),
`manifest.json` and the tables `subjects`, `doses`, `observations` and `adverse_events` as Parquet.
The same trial, number of patients and seed give the same bytes for any number of processes.

A trial without a reference arm has `series` besides: what each layer (those not seen, cells,
knowing it, drugs, expectation, ...) adds to the mean change of the main score and to the share of
the improved, arm by arm. The parts add up to `reported`; `on_placebo` is what the same patients
would have shown without cells and masked.

`adverse_events` lists, by arm, `any` event, `serious` ones, `related_serious` ones (following a
dose), `dose_limiting` toxicities, and each term: patients with it, their share with Wilson's
interval, events a patient-year, and the comparisons with the reference. `by_dose` counts the events
that follow the first, second, ... administration. See [safety.md](safety.md).
"""

RUNS_NOTES = """
A stored run is a folder that `funis run`, `design`, `plan` or `simulate` wrote with `--out`. `RUN`
is its path, or its id: its name within `--folder` (two folders deep at most). Folders of anything
else are passed over. See [workbench.md](workbench.md#runs).
"""

RUNS_COMPARE_NOTES = """
What the two depend on (protocol, library, seed, settings), every estimate of both with its 95 %
interval, and how many files are the same. The interval of a difference squares and adds the
distances of the limits (MOVER; Zou and Donner 2008, Stat Med 27:1693), as if the runs were
independent: with one seed they are not, and it is too wide.
"""

RUNS_REPRODUCE_NOTES = """
Made again from what its manifest says (`request`), with the stored copy of its trial where the file
is gone or was changed, into a folder that is thrown away unless `--keep` names one. Each file is
`identical` (the same bytes), a table may have the `same numbers` in other bytes, or is `different`
(the columns, and the largest distance), `missing` or `new`. Files that were changed on the disk
since they were written, and a library or machine that is another than then, are named. Exit status
1 where a file differs.

Manifests of before `request` was written are read by their `command`; what they do not say is taken
as usual, and said.
"""

WHY_NOTES = """
Every figure and table of a report bears a short code such as `ra-7F3K-2QXM`: the disease, four
signs of the run, three of the figure and one that checks the others, in Crockford's base 32. It is
made from protocol, model, endpoints, pool, library version, seed, settings and name of figure: the
same run has the same codes on every machine. Case, hyphens and the part before the first hyphen do
not count; O is read as 0, I and L as 1; one wrong sign, or two neighbours exchanged, is noticed.

The answer: run, protocol and its hash, seed, endpoint, the formulas from the endpoint down to the
observables of the model, every parameter behind them with value, unit, status and source (the
nearest first; `steps` counts the equations between), library version, and how to make it again.
"""

SIMULATE_NOTES = """
A dose is `CELLS[/kg]:ROUTE@DAYS`: `70e6:iv@0,28` (days), `70e6:iv@w0,w4` (weeks),
`1e6/kg:iv@0:28x4` (from day 0, every 28 days, 4 times). The cells are those of the reference
umbilical-cord product. Bands hold the middle 80 % of the patients; the typical patient has the
median of every parameter. Each treated series stands beside the same patients untreated, with the
grade of evidence and the research-use statement in every row or document.

The document and the CSV hold the mechanism of the disease as well: cells by compartment, cytokines
with their sources, what living cells make, T, B and NK cells, macrophages, damage and repair. With
`--out` only a few of these are followed, and what `--output` names.

With `--out DIR` every patient is written, file by file (`chunks/part-000000.parquet`: 4 blocks of
512 patients, a row a patient and time, float32, treated and untreated columns side by side), and
memory does not grow with their number. Patients are drawn from the disease's pool of virtual
patients with replacement (`pool_index`). Whoever could not be solved keeps a row with the status,
without numbers in either course, and is counted. One in a hundred is solved a second time at a
hundredth of the tolerance; `solver_deviation` says how far apart the two are, in tolerances.
Summaries are made on the way:

- `summary.parquet`: n, mean, sd, min, max and quantiles by output and time, `summary.json` the same
  as the document of `--json`. Quantiles come from whole-number histograms: each is within 0.2 % of
  the value of the patient of that rank.
- `responders.parquet`: how many patients meet each responder rule of the disease, and how many have
  improved by the minimal important difference of a score since day 0. They are judged on the true
  course, without noise, rounding, placebo response and drop-out: read them against the untreated
  column, never against a published response rate. Rules that ask for earlier visits,
  or for what luck decides (descriptors, events, counts), are left out.
- `manifest.json`: settings, hash of every file, and `complete`.

After Ctrl-C or a kill the same command goes on from the files that are whole, and every byte is
that of an uninterrupted run, for any number of processes. A folder of other settings, or with
anything else in it, is refused and left as it is.
"""

SBML_RUN_NOTES = """
The settings are those of the SBML Test Suite, one `key: value` a line:

```
start: 0
duration: 10
steps: 50
variables: S1, k1, compartment
absolute: 1e-7
relative: 1e-4
amount: S1
concentration:
```

A species is shown as amount or concentration as the last two keys say, else as the model's
formulas mean it. Variables are species, compartments, parameters, reactions (their rates) and
references of species (their stoichiometries). Rows at a time where events happen hold the values
after them. The tolerances say what a result may be wrong by; the solver is held to far less. A
smooth model is solved by the engine that solves the virtual patients and by SciPy, any other one
by SciPy at two tolerances: a result that depends on the solver is refused.

Any model of SBML Level 3 core is taken that is a system of ordinary differential equations, with
rules, events (delays, priorities), functions, conversion factors, stoichiometries that change and
sizes that change; Levels 1 and 2 are converted. Refused with one line, and nothing is written:
algebraic rules, the symbol `delay`, fast reactions, and packages that a model requires.
"""

CONFORMANCE_NOTES = """
`DIR` holds a folder for each case with `model.xml`, `settings.txt` and `results.csv`, or with the
files of the SBML Test Suite (`00001-sbml-l3v2.xml` or the latest there is, `00001-settings.txt`,
`00001-results.csv`). A case passes where each value is within absolute + relative × |expected|.
Exit status 1 where a case is wrong; one that is refused says so and misleads nobody. The document
of `--json`:

```json
{"research_use": "...", "cases": {"00001": "pass", "00002": "refused: algebraic rule",
 "00003": "wrong: S1 at time 0.5 is 0.12, expected 0.13"}}
```
"""

PRODUCT_NOTES = """
Products and simulated lots of the library, how many fields of each are not reported, and umbilical
cord beside bone marrow and adipose tissue: only what was seen in print
([products.md](products.md)). The document of `--json`:

```json
{"research_use": "...", "products": [
  {"id": "lot_complete", "kind": "lot", "name": "...", "tissue": "umbilical_cord", "fields": 39,
   "not_reported": 2, "release": "pass"}]}
```
"""

PRODUCT_DELIVER_NOTES = """
The document of `--json`; intervals are 95 %, `widened_by` names what is not reported:

```json
{"research_use": "...", "banner": "SIMULATED - NOT FOR ADMINISTRATION", "id": "lot_complete",
 "kind": "lot", "product": "uc_msc_reference", "simulated": true, "release": "pass",
 "weight_kg": 70.0, "dose_cell": 7e7, "viable": {"value": 5.2e7, "low": 5.0e7, "high": 5.5e7},
 "functional": {"value": 5.2e7, "low": 5.0e7, "high": 5.5e7}, "dead": 1.4e7, "lost": 3.5e6,
 "viability": 0.79, "dmso_gram": 0.77, "dmso_mg_per_kg": 11.0, "hold_minute": 90.0,
 "infusion_minute": 60.0, "widened_by": [],
 "functional_if_stunned": {"value": 0.0, "low": 0.0, "high": 0.0},
 "structure": "thawed_cells_stunned", "dmso_limit_mg_per_kg": 1000.0, "dmso_limit_source": "...",
 "curve": [{"minute": 0.0, "viability": 0.9444}], "warnings": []}
```
"""

PRODUCT_YIELD_NOTES = """
The document of `--json`; without `--trial` the last three are `null`:

```json
{"research_use": "...", "banner": null, "id": "uc_msc_reference", "kind": "product",
 "product": "uc_msc_reference", "simulated": false, "assumption": "...",
 "donation": {"primary_cells": 4.3e6, "stages": [], "lots": 200, "vials_per_lot": 8,
   "vials": 1600, "vials_low": 36, "vials_high": 70876, "doublings": 14.5, "days": 19.3},
 "trial": "ra_demo", "weight_kg": 72.0, "need": {"arms": [], "vials_per_dose": [3]}}
```
"""

EVIDENCE_LIST_NOTES = """
The document of `--json` is a list; `fitted` is false for meta-analyses, reviews and other context,
`origin` is `library` or `user`:

```json
[{"id": "he2020_ra", "disease": "ra", "design": "randomised", "product": "umbilical_cord",
  "n": 63, "outcomes": 48, "fitted": true, "family": "he_yang", "confidence": "high",
  "origin": "library", "title": "..."}]
```
"""

EVIDENCE_ADD_NOTES = """
The schema, the checks and the place of your own studies stand in [evidence.md](evidence.md). A
study with a fault is refused by file and line, and nothing is written. The document of `--json`:

```json
{"research_use": "...", "file": "/home/me/.local/share/funis/evidence/my_trial.yaml",
 "studies": ["my_trial"], "warnings": []}
```
"""

BENCH_NOTES = """
All in one run, interleaved round by round and pinned to one core: a year of raw draws of the
disease, four monthly doses of 70 million cells, ten quantities every week, forcing off. The error
is the 99.9 % quantile of the relative error of quantities that stay above the absolute tolerance,
against this engine at a relative tolerance of 1e-11; at equal error this engine runs at the
loosest tolerance, of eight a decade, from which on its error is no larger than that of the other.
Times of this engine hold everything that a user waits for, checks and outputs included; of the
other engine its own part only. Patients that either fails are left out of both and counted.
Outputs that pass zero do not count there (cells before the first dose, structure); a second ratio
counts all ten, each on the scale of its largest value.

`--into docs/performance.md` puts the tables at their marked place. The document of `--json`:

```json
{"research_use": "...", "machine": {"processor": "..."}, "width": 8,
 "ratios": {"libroadrunner": {"1e-4": {"equal_tolerance": 30.0, "equal_error": 70.0, "low": 68.0,
    "high": 72.0}}},
 "regimens": {"4 monthly doses": {"1e-5": 6000.0}},
 "throughput": [{"patients": 1000, "threads": 1, "seconds": 0.2, "patients_per_second": 5000.0}],
 "start": {"cold": 2.0, "warm": 0.8}, "memory": {"10000": 270.0},
 "moves": {"ra": {"moves": 200, "p50": 30.0, "p90": 35.0, "reference": 120.0, "score_error": 1e-4,
    "share_error": 0.005, "size": 35000}},
 "browser": {"browser": "Chromium ...", "why": "", "moves": 200, "drawn": [50.0, 60.0],
    "painted": [60.0, 75.0], "first_paint": 300.0, "size": 250000}}
```

Each ratio also holds the errors, the tolerance of equal error, both speeds and who failed. Memory
is in megabytes, times in seconds; those of moves of the page Explore in milliseconds, sizes in
bytes. `reference` is the plain solver on the same 200 patients, treated and untreated, at the
tolerance of a trial. Where no browser is found, or Playwright is not installed, `why` says so.
"""

CONTROL_NOTES = """
`DISEASE` is needed but with `--score`. Criteria are expressions as in trial files, judged at
screening and at baseline. The document of `--json`:

```json
{"research_use": "...", "disease": "uc", "endpoint": "REMISSION", "measure": "responder",
 "week": 8.0, "unit": "proportion", "n": 100, "trial": "uc_demo", "criteria": ["MAYO >= 6"],
 "background": null, "year": {"given": null, "text": "not asked for"}, "predicted": 0.07,
 "low80": 0.03, "high80": 0.13, "low95": 0.01, "high95": 0.19,
 "basis": {"studies": 4, "patients": 486, "method": "adjusted", "leave_one_out": {}},
 "map": {"predicted": 0.08, "trials": [{"trial": "ACT 1", "n": 121, "observed": 0.149,
    "source": "..."}]},
 "model": {"predicted": 0.06, "simulated": 0.06, "virtual_patients": 400},
 "adjusted": {"predicted": 0.07}, "mixture": {"predicted": 0.07, "weights": {"model": 0.2}}}
```

`map`, `model`, `adjusted` and `mixture` hold the same intervals, and their scores when each trial
of the evidence is left out. With `--score` the document holds `overall`, `diseases`, `families`
(kinds of numbers), `rows` (every control arm with its source and what each method predicted) and
`skipped` with reasons; `--into docs/control.md` puts the tables at their marked place. Simulated
arms are kept in the cache, so that an interrupted `--score` goes on. How it works and where it
fails: [control.md](control.md).
"""

CALIBRATE_NOTES = """
How it works, and what falls short: [calibration.md](calibration.md). The document of `--json`:

```json
{"research_use": "...", "diseases": {"ra": {
   "posterior": {"borrowed": {"no_effect": 0.1,
       "potency_factor": {"low80": 0.5, "median": 1.3, "high80": 2.9}}, "own": {}, "prior": {}},
   "command": "funis calibrate ra", "model": "hash", "studies": ["kafaja2017_ra"],
   "class_gain": [0.4, 0.5], "calibratability": {"rows": 21, "studies": 5, "centres": 4,
      "randomised_patients": 216, "controlled_studies": 1, "controlled_with_known_regimen": 1,
      "label": "own data"},
   "no_effect": {"borrowed": 0.1}, "contraction": {"potency": 0.4}}}}
```
"""

VALIDATE_NOTES = """
Without `--studies` every study of the library is left out in turn and predicted from the others.
Files given with `--studies` may have keys that the schema does not know. Where a study does not say
dose, route or schedule they are drawn (`library/reconstruction.yaml`); at most ten rows of a study
count; what cannot be predicted stands under `skipped` with the reason. The document of `--json`:

```json
{"research_use": "...",
 "rows": [{"study": "...", "arm": "msc", "endpoint": "ACR20", "our_endpoint": "ACR20@12",
    "week": 12.0, "n": 30, "observed": 0.4, "predicted": 0.5, "low80": 0.2, "high80": 0.8,
    "low95": 0.1, "high95": 0.9, "inside80": true, "inside95": true, "crps": 0.1,
    "scaled_crps": {"model": 0.1}, "without_effect": 0.3}],
 "contrasts": [{"study": "...", "arm": "msc", "reference": "placebo", "endpoint": "ACR20",
    "our_endpoint": "ACR20", "week": 12.0, "observed": 0.1, "predicted": 0.1, "low80": -0.2,
    "high80": 0.4, "low95": -0.3, "high95": 0.6, "inside80": true, "inside95": true,
    "important_difference": 0.1, "probability_important": 0.5}],
 "coverage80": 0.8, "coverage80_interval": [0.7, 0.9], "coverage95": 0.95, "width_of_prior": 1.0,
 "scores": {"model": 0.2, "placebo_only": 0.22, "class_mean": 0.23, "prior_predictive": 0.2},
 "brier": {"model": 0.2, "base_rate": 0.2, "contrasts": 8},
 "skipped": [{"study": "...", "arm": "msc", "endpoint": "...", "week": 12.0, "reason": "..."}]}
```

Shares stand from 0 to 1, means in the unit of our endpoint. `scores` are means by study of the
continuous ranked probability score, of means in spreads between patients.
"""

META_NOTES = """
Randomised comparisons, other comparisons and single-arm studies are pooled apart and labelled; what
is left out stands there with its reason: `docs/meta_analysis.md`. Status 2 and one line where no
stratum holds two studies. The document of `--json` with an endpoint:

```json
{"research_use": "...", "evidence": "...", "disease": "cd", "of": "cells",
 "endpoint": "REMISSION", "name": "...", "unit": "", "better": "higher",
 "week": 6.0, "window": 4.0, "week_chosen": false, "by": null,
 "strata": [{"kind": "single-arm", "label": "...", "mechanism": null, "study_type": "single-arm",
    "measure": "proportion", "studies": 3, "patients": 33, "randomised_patients": 0,
    "shared_families": [], "members": [], "pooled": {"estimate": 0.2, "low": 0.01, "high": 0.8},
    "reason": null, "regression": null, "regression_reason": null, "asymmetry": null,
    "asymmetry_reason": null}],
 "left_out": [{"study": "...", "arm": "msc", "week": 13.0, "reason": "..."}]}
```

Pooled numbers are shown ones (ratios, proportions from 0 to 1); under `analysed` they stand on the
scale of analysis (logarithm, logit). `tau2`, `coefficients` and `asymmetry` are on that scale.
"""

CLAIMS_NOTES = """
Each row of `library/claims.yaml` gets its verdict by the few rules that stand in
[claims.md](claims.md), the page that `--into` writes. What the model says is kept in the cache,
named by model, trial and ensemble: the first call takes about a minute on two processors, later
ones a few seconds. The document of `--json`:

```json
{"research_use": "...",
 "claims": [{"row": 10, "id": "type_1_diabetes", "claim": "...", "where": "...", "kind": "efficacy",
   "recipes": ["t1d_iv", "t1d_ia"], "verdict": "uncertain", "randomised_patients": 42,
   "randomised_patients_cord": 42,
   "model": {"parts_asked": 4, "parts_supported": 4, "at_potency_0": 0},
   "refuted_by": "...", "note": "...",
   "parts": [{"part": "insulin need", "rule": "effect", "disease": "t1d", "endpoint": "insulin",
     "verdict": "uncertain", "why": "...", "would_change_it": "...",
     "published": {"pools": [{"study_type": "randomised", "measure": "mean difference",
       "contrast": true, "estimate": -0.3, "low": -0.4, "high": -0.2, "side": "benefit",
       "centres": 1, "patients": 42, "randomised": 42, "cord": true}]},
     "model": {"statement": {"control": 0.16, "treated": 0.15, "low80": -0.02, "high80": 0.0,
        "no_effect": 0.22, "at_zero": {"estimate": 0.0, "low": 0.0, "high": 0.0},
        "middle": {"estimate": -0.01, "low": -0.02, "high": -0.01}},
       "supports": true, "changes_at_potency_0": true}}]}],
 "claims_under_test": [{"id": "ra_iv", "disease": "ra", "title": "...", "source": "..."}]}
```

`at_zero`, `middle` and `gain` compare each virtual patient with himself: potency 0, the middle of
what cells may do, and the second minus the first; `low80` to `high80` is the middle 80 % of what
they may do, if they do anything; `no_effect` is the probability that they do nothing.
"""

TESTIMONIALS_NOTES = """
Nobody here gets an acting cell. Shares of 0 to 1; the ratio is how many times as often those who
got better have to tell for 60 % and for 90 % of good accounts (null: no ratio suffices). The
document of `--json`:

```json
{"research_use": "...",
 "diseases": [{"disease": "ra", "endpoint": "pain_vas", "name": "...", "felt": true, "week": 12.0,
   "at_least": 10.0, "unit": "mm", "patients": 300,
   "steps": [{"label": "truly better, all with the disease",
              "share": {"estimate": 0.22, "low": 0.18, "high": 0.27}}],
   "ratio_needed_for_60_and_90": [1.0, 5.8]}]}
```
"""

IMPACT_NOTES = """
A planned trial is simulated once under every point of the parameters, as published studies are; its
rule is judged in 4,000 conducts, each with a draw of what cells do. Old and new have the same luck.
`pooled_effect` is that of the rule's endpoint in the best design that compares. What it means, and
what it leaves out: [ledger.md](ledger.md). The document of `--json`:

```json
{"research_use": "...", "disease": "ra", "without": ["he2020_ra"], "with": [], "trial": "ra_demo",
 "rule": "...",
 "old": {"studies": ["..."], "rows": 21,
    "pooled_effect": {"endpoint": "ACR20@12", "design": "randomised contrast",
       "measure": "risk ratio", "studies": ["..."], "patients": 80, "randomised": 81,
       "estimate": 2.0, "low95": 0.5, "high95": 7.3},
    "gain_in_spreads": 0.5,
    "potency": {"borrowed": {"no_effect": 0.1, "median": 1.2, "low80": 0.5, "high80": 2.8,
       "mean": 1.1}, "own": {}},
    "trial": {"probability_of_success": {"estimate": 0.5, "low95": 0.48, "high95": 0.52},
       "own_data_only": {}, "if_cells_do_nothing": {},
       "difference": {"median": 0.1, "low80": 0.0, "high80": 0.3}}},
 "new": {}, "no_rows": {}}
```

`no_rows` names changed studies that give no row, with the reason.
"""

LEDGER_NOTES = """
`library/ledger.yaml` holds predictions of registered trials that nobody has reported, one entry for
each prediction: population, arms as registered, what was assumed, primary endpoint, the predicted
distribution of each arm and contrast, and the probability that the trial meets its rule. A changed
prediction ends with status 2 and its line. [What it says and what it leaves out](ledger.md). The
document of `--json` is `{"research_use": "...", "entries": [...]}`, entries as in the file.
"""

LEDGER_SCORE_NOTES = """
A study belongs to an entry by its id, or by its number in a trial register. With `--json`:

```json
{"research_use": "...",
 "rows": [{"entry": "...", "what": "msc against placebo", "observed": 0.1, "predicted": 0.1,
    "low80": 0.0, "high80": 0.3, "low95": -0.1, "high95": 0.4, "inside80": true, "inside95": true,
    "crps": 0.05}],
 "rules": [{"entry": "...", "arm": "msc", "probability": 0.3, "met": false, "brier": 0.09}],
 "skipped": [{"entry": "...", "reason": "..."}]}
```
"""

PETAB_NOTES = """
PEtab 1: model (SBML, doses as events), parameters, conditions, observables, measurements, and a
README of what PEtab cannot say. Where the extra `petab` is installed the folder is put through its
linter; status 1 where it fails. The document of `--json`:

```json
{"research_use": "...", "folder": "...", "measurements": 16, "left_out": 19, "linted": true}
```
"""

EXPORT_NOTES = """
Every file or none: `adsl`, `adex`, `adeff`, `adendpt`, `adtte` and `adae` with the ending of the
format, or `usdm.json`; `README.md` and `manifest.json` beside them. Only an earlier export is ever
replaced. What the tables and the document hold, and what falls short: `docs/export.md`. Status 2
where the folder is no run, a table was damaged, or the trial or the model is not the run's. The
document of `--json`:

```json
{"research_use": "...", "folder": "...", "format": "xpt", "rows": {"adsl.xpt": 120}, "remarks": []}
```
"""

CREDIBILITY_NOTES = """
Failures first, then question and context of use, the table of V&V 40 and ICH M15 with a measured
figure for each activity or "not done", what the posterior rests on, validation, applicability, gaps
and structures. The pages of the library stand in `library/credibility/`; `funis model` shows them.
"""

MODEL_NOTES = """
A line for each disease of the library: its name and how much of its model failed. The document of
`--json` has the same under `models`.
"""

MODEL_SHOW_NOTES = """
Without an option: what failed, how many parameters of each status there are, and what published
studies say of the calibrated ones. `--parameters` (with `--status` and `--find`), `--equations`,
`--structures`, `--scores` and `--tests` show these parts alone. `--why NAME` follows one number to
its source, to the equations that it stands in and to the states that it acts on; `--equation NAME`
one equation to its parameters and neighbours. `--diagram`, `--sbml` and `--antimony` write files.
Signs of influences are those of partial derivatives of the equations; formulas are text. What was
tested is read from the generated page (`funis credibility`) and the card; a folder of your own has
no such page. With `--json` alone the document is the whole model ([workbench.md](workbench.md)).
"""

MODEL_DIFF_NOTES = """
Equations as they are written (formula, start, unit), parameters (value, unit, status, source,
spread), and the main quantities of both models under the same doses: median and the middle 80 % of
the patients, treated beside untreated. Each model has a pool of its own, so the two cohorts are not
the same people. `--no-courses` compares the files alone. The document of `--json`:

```json
{"research_use": "...", "simulated": "...", "evidence": "...", "disease": "ra", "other": "my/ra",
 "equations": [{"way": "changed", "what": "equation", "id": "SYN", "part": "formula",
    "ours": "...", "theirs": "..."}],
 "parameters": [], "courses": {"ours": {}, "theirs": {}}}
```
"""

TESTS_NOTES = """
Each row is one method on invented trials of two arms. `rejected` is the share with p of at most
0.05 and `decided` the share whose interval leaves out no effect: type I error where `effect` is
false, power where it is true; `cover` is the share of intervals that hold the truth. All three
stand with the interval of the simulation. `verdict` is `liberal` where one of the errors is above
`limit` (0.05 and two standard errors), `conservative` where both are as far below. `exact` adds up
all possible trials of the methods for responses. The page is
[analysis_methods.md](analysis_methods.md).
"""

BOUNDARIES_NOTES = """
What the bounds are, and what falls short: [sequential.md](sequential.md). Sizes are multiples of a
trial with one analysis. The document of `--json` (null: no bound):

```json
{"research_use": "...", "trial": null, "looks": [0.5, 1.0], "alpha": 0.025, "direction": "greater",
 "spending": "obrien_fleming", "parameter": null, "futility": null, "binding": false, "power": 0.9,
 "drift": 3.253, "largest_size": 1.007,
 "expected_size": {"no_effect": 1.006, "half_effect": 0.982, "planned_effect": 0.851},
 "rows": [{"share": 0.5, "efficacy_z": 2.797, "nominal_p": 0.0026, "alpha_spent": 0.0026,
    "futility_z": null, "no_effect": {"success": 0.0026, "no_success": 0.0},
    "half_effect": {"success": 0.05, "no_success": 0.0},
    "planned_effect": {"success": 0.31, "no_success": 0.0}}]}
```
"""

ADAPTIVE_NOTES = """
Every change that suits the arms, on the same outcomes ([sequential.md](sequential.md)). A part of
the replicates is as it is among all. The document of `--json`:

```json
{"research_use": "...", "measure": "proportion", "arms": [0.3, 0.5], "patients": 200,
 "looks": [0.5, 1.0], "alpha": 0.025, "replicates": 1000,
 "rows": [{"change": "none", "success": {"estimate": 0.84, "low": 0.82, "high": 0.86},
    "each_arm": [0.84], "patients": 187.0, "share_in_best_arm": 0.5}]}
```
"""

ESCALATION_NOTES = """
3 + 3 follows every path and is exact; continual reassessment (crm) is simulated. Counts are null
where no number of toxicities ends a trial. The document of `--json`:

```json
{"research_use": "...", "rule": "3+3", "skeleton": null, "none_tolerated": 0.03, "patients": 17.1,
 "toxicities": 3.2,
 "levels": [{"level": 1, "toxicity": 0.05, "named": 0.1, "patients": 3.7, "toxicities": 0.2}],
 "stopping": {"limit": 0.3, "probability": 0.9, "counts": [null, null, 2],
    "stopped_at_limit": [0.0, 0.0, 0.216]}}
```
"""

DESIGN_NOTES = """
Type I error, power and assurance are explained in [design.md](design.md). `--out` writes a folder
with `design.html`, `design.json` (the document of `--json`) and `manifest.json`. A run that was
interrupted or killed goes on from what was kept. The document:

```json
{"research_use": "...", "simulated": "...", "evidence": "...", "trial": "ra_two_arm", "seed": 1,
 "rule": {"endpoint": "ACR20@12", "week": 12.0, "method": "newcombe", "arms": ["msc"],
    "reference": "placebo", "alpha": 0.05, "direction": "greater", "minimal_difference": 0.0},
 "ensemble": "borrowed", "no_effect": 0.07, "structures": ["present"], "replicates": 2000,
 "bank": {"patients": 2048, "followed_per_draw": 256}, "failed": 0,
 "points": [{"n": 60, "sizes": {"placebo": 30, "msc": 30},
    "power": {"estimate": 0.3, "low": 0.2, "high": 0.4},
    "assurance": {"estimate": 0.4, "low": 0.3, "high": 0.5},
    "type1": {"estimate": 0.022, "low": 0.018, "high": 0.026},
    "assurance_if_any_effect": {"estimate": 0.43, "low": 0.33, "high": 0.53},
    "by_arm": {"power": {}, "assurance": {}, "type1": {}}, "expected": {}, "by_structure": {},
    "uncontrolled_series": [{"improved": "...", "patients": 30, "share": 0.7,
       "shows_60_to_90_percent": {"estimate": 0.9, "low": 0.8, "high": 1.0},
       "shows_60_percent_or_more": {"estimate": 0.9, "low": 0.8, "high": 1.0},
       "shares": {"edges": [0.6, 0.65], "shares": [1.0]},
       "trial_of_as_many": {"finds_a_difference": {"estimate": 0.04, "low": 0.03, "high": 0.05},
          "differences": {"edges": [-0.05, 0.05], "shares": [1.0]}}}],
    "dots": [{"replicate": 0, "arm": "msc", "estimate": 0.1, "low": -0.1, "high": 0.3,
       "success": false, "cells_act": true, "truth": 0.07}]}]}
```

`assurance`, `power` and `by_structure` are `null` or empty with `--null`. A dot is opened by
`funis twin TRIAL --n N --replicate K`; its `truth` is what the estimate is of: the same analysis of
everybody whom the bank holds under that draw, each under both arms.
"""

TWIN_NOTES = """
`--replicate`, `--world`, `--structure`, `--ensemble` and `--patients` name one trial of
`funis design` ([design.md](design.md)). Values are those of the endpoint of the success rule; the
twin is the same person with the same luck under the reference arm. `truth` of an arm is what its
estimate is of; `truth` of a patient is the score without noise, expectation and rounding. No
patient stands without the `bands` of his arm, under that arm (`own`) and under the reference
(`twin`).
"""

DRAFT_NOTES = """
A trial as it is being written: the page Trial of the workbench asks the same functions. The text is
kept as it is, comments and order too; a change touches its own lines alone. `--text` prints the
text, so that it can go on: `funis draft ra_demo --change ... --text | funis check -`. With errors
the exit status is 2. Changes, places counted from 0:

| `--change` | |
| --- | --- |
| `{"kind": "set", "path": ["arms", 1, "label"], "value": "Cells, twice"}` | Set a value. |
| `{"kind": "remove", "path": ["endpoints", 3]}` | Take a key or an item away. |
| `{"kind": "insert", "path": ["endpoints"], "at": 0, "value": {}}` | Put an item into a list. |
| `{"kind": "move_dose", "arm": 1, "intervention": 0, "dose": 2, "day": 60}` | |
| `{"kind": "add_dose", "arm": 1, "intervention": 0, "day": 60}` | |
| `{"kind": "remove_dose", "arm": 1, "intervention": 0, "dose": 2}` | |
| `{"kind": "move_visit", "visit": 2, "week": 13}` | With what is asked at it. |
| `{"kind": "add_visit", "week": 16}`, `{"kind": "remove_visit", "visit": 2}` | |
| `{"kind": "add_arm", "arm": 1}`, `{"kind": "remove_arm", "arm": 1}` | A copy of an arm; an arm. |

The document of `--json`; `outline` is the trial in numbers up to its last visit, `data` its plain
content, both `null` where the text is no YAML; `place` is where what was changed stands now:

```json
{"research_use": "...", "name": "ra_two_arm.yaml", "text": "...", "passed": true,
 "issues": [{"severity": "error", "line": 43, "key": "arms[1].interventions[0].route",
    "message": "...", "expected": "one of iv, local", "nearest": "iv",
    "fix": {"path": ["arms", 1, "interventions", 0, "route"], "value": "iv"}}],
 "outline": {"id": "ra_two_arm", "title": "...", "disease": "ra", "seed": 7,
    "patients_per_arm": 60, "patients": 120, "visits": [0, 4, 12, 24], "weeks": 24,
    "screening_day": -14, "arms": [{"place": 0, "id": "placebo", "label": "Placebo",
       "reference": false, "control": "placebo", "altered": false, "given": [], "doses": 0,
       "cells": 0, "cells_per_kg": 0}]},
 "data": {}, "place": null}
```
"""

OPTIMISE_NOTES = """
The first line is the answer: one optimum, or which regimens cannot be told apart
([optimise.md](optimise.md)). Effects are benefits against the same patients without cells; more is
better. A stopped search goes on where it was. The document of `--json`:

```json
{"research_use": "...", "first_line": "...", "caveats": ["..."], "trial": "ra_two_arm", "seed": 7,
 "stratum": null, "optimum": null, "cannot_be_told_apart": ["iv_15M_x1", "iv_150M_x1"],
 "no_cells_cannot_be_told_apart": true, "judged_by": "course", "effect": "...", "response": "...",
 "horizon_week": 26.0, "patients": 8, "draws": 8, "interval": "...",
 "settings": [{"id": "dose_flat own", "structure": "dose_flat", "potency": "own",
    "no_effect": 0.04, "failed": 0}],
 "candidates": [{"id": "iv_15M_x1", "label": "...", "dose": 15e6, "per_kg": false, "route": "iv",
    "number": 1, "interval_week": null, "maintenance_week": null, "weeks": [0.0],
    "settings": {"dose_flat own": {"response": {"mean": 0.0, "low": 0.0, "high": 0.0},
       "course": {"mean": 0.03, "low": 0.01, "high": 0.06}, "on_front": 0.9}},
    "cells": 15.0, "infusions": 1, "cost": 1.3,
    "events": {"mean": 0.39, "low": 0.05, "high": 0.95}, "on_front": 0.9}]}
```
"""

PLAN_NOTES = """
The consultation of a virtual patient is held against one protocol ([plan.md](plan.md),
[eligibility.md](eligibility.md)): it is never advice to treat. A regimen is planned within the demo
trial of its disease. `--compare` sets the regimens of the library side by side for the stratum that
the consultation belongs to; it takes longer than a plan. `--no-course` leaves out what has to be
simulated; `--holds` lists vials, living cells, load and response at every time from thaw to vein;
`--form` prints what a consultation of the disease may hold and which criterion asks for it (a
disease will do in the place of a consultation), `--field` what is wrong with one field of a file.
`--out` writes the page, the PDF, the
calendar, a FHIR bundle and `plan.json`, which is the document of `--json`:

```json
{"research_use": "...", "data": "Simulated: ...", "banner": "SIMULATED - NOT FOR ADMINISTRATION",
 "regulatory_sentence": "...", "consultation": {"id": "ra_virtual", "disease": "ra"},
 "protocol": {"id": "ra_demo", "kind": "trial", "trial": "ra_demo", "arm": "single"},
 "evidence": {"grade": "low", "n_randomised": 289},
 "eligibility": {"verdict": "meets", "judgements": [], "missing": []},
 "worksheet": {"vials": 5, "lines": []}, "calendar": {"entries": []},
 "course": {"n_patients": 33, "stratum": "...", "responses": [{"endpoint": "...", "week": 12.0,
      "measure": "responder", "unit": "share of virtual patients",
      "treated": {"estimate": 0.39, "low": 0.21, "high": 0.61}, "placebo": {}, "no_effect": {},
      "difference": {}, "primary": true}],
   "adverse_events": [], "averaged": [], "influences": [], "warnings": [], "matches": [],
   "bands": [], "draws": 24, "no_effect_share": 0.07, "drugs": []},
 "regulatory": [], "statement": "...", "grade": "...", "warnings": [], "comparison": null,
 "holds": null}
```
"""

NOTES = {
    "model": MODEL_NOTES,
    "model show": MODEL_SHOW_NOTES,
    "model diff": MODEL_DIFF_NOTES,
    "plan": PLAN_NOTES,
    "explore": EXPLORE_NOTES,
    "design": DESIGN_NOTES,
    "twin": TWIN_NOTES,
    "draft": DRAFT_NOTES,
    "optimise": OPTIMISE_NOTES,
    "boundaries": BOUNDARIES_NOTES,
    "adaptive": ADAPTIVE_NOTES,
    "escalation": ESCALATION_NOTES,
    "evidence impact": IMPACT_NOTES,
    "ledger": LEDGER_NOTES,
    "ledger score": LEDGER_SCORE_NOTES,
    "credibility": CREDIBILITY_NOTES,
    "petab": PETAB_NOTES,
    "export": EXPORT_NOTES,
    "calibrate": CALIBRATE_NOTES,
    "validate": VALIDATE_NOTES,
    "control": CONTROL_NOTES,
    "bench": BENCH_NOTES,
    "evidence claims": CLAIMS_NOTES,
    "evidence testimonials": TESTIMONIALS_NOTES,
    "evidence meta": META_NOTES,
    "evidence add": EVIDENCE_ADD_NOTES,
    "evidence list": EVIDENCE_LIST_NOTES,
    "product": PRODUCT_NOTES,
    "product deliver": PRODUCT_DELIVER_NOTES,
    "product yield": PRODUCT_YIELD_NOTES,
    "run": RUN_NOTES,
    "runs": RUNS_NOTES,
    "runs compare": RUNS_COMPARE_NOTES,
    "runs reproduce": RUNS_REPRODUCE_NOTES,
    "why": WHY_NOTES,
    "tests": TESTS_NOTES,
    "simulate": SIMULATE_NOTES,
    "sbml run": SBML_RUN_NOTES,
    "sbml conformance": CONFORMANCE_NOTES,
}


def commands_markdown() -> str:
    """Return the reference of all commands as Markdown."""
    import typer

    from funis.apps.cli import app

    parts = [PREFACE]
    for name, command in _commands(typer.main.get_command(app), ""):
        parts.append(_section(name, command) + NOTES.get(name, ""))
    return "\n".join(parts)


def _commands(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        full = f"{prefix}{name}"
        if hasattr(command, "commands"):
            if _own(command):
                yield full, command
            yield from _commands(command, f"{full} ")
        else:
            yield full, command


def _own(command: Any) -> list[Any]:
    """Return what may be given to a command itself; a group without such does nothing alone."""
    return [param for param in command.params if "--help" not in param.opts]


def _section(name: str, command: Any) -> str:
    shown = _own(command)
    rows = [
        (_left(param), _default(param), " ".join((param.help or "").split())) for param in shown
    ]
    arguments = " ".join(param.metavar for param in shown if param.param_type_name == "argument")
    usage = f"funis {name} {arguments}".strip() + " [OPTIONS]"
    lines = [f"## funis {name}", "", command.help.strip(), "", "```", usage, "```", ""]
    lines += ["| | default | |", "| --- | --- | --- |"]
    lines += [f"| `{left}` | {default} | {text} |" for left, default, text in rows]
    return "\n".join(lines) + "\n"


def _left(param: Any) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar)
    flag = bool(getattr(param, "is_flag", False))
    return param.opts[0] if flag else f"{param.opts[0]} {param.metavar}"


def _default(param: Any) -> str:
    if param.required:
        return "required"
    if param.default in (None, False, ()) or getattr(param, "is_flag", False):
        return ""
    return str(param.default)


def main() -> None:
    """Write the reference to the file given, or print it."""
    from funis.store import write_text

    if len(sys.argv) > 1:
        write_text(Path(sys.argv[1]), commands_markdown())
    else:
        print(commands_markdown(), end="")


if __name__ == "__main__":
    main()
