"""Samples for the tests of methods, and published data."""

import numpy as np

from funis.analysis.methods import ReplicateSample

# Freireich et al 1963, Blood 21:699, weeks of remission with 6-MP and with placebo, as in
# Klein and Moeschberger and in many textbooks; log-rank chi-squared 16.79
REMISSION_6MP = (
    [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35],
    [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0],
)
REMISSION_PLACEBO = (
    [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23],
    [1] * 21,
)

# UC Berkeley admissions, departments A to F: (men admitted, men, women admitted, women),
# utstat.toronto.edu/~brunner/oldclass/429Fall04/handouts/429f04_Handout3.html
BERKELEY = (
    (512, 825, 89, 108),
    (353, 560, 17, 25),
    (120, 325, 202, 593),
    (138, 417, 131, 375),
    (53, 191, 94, 393),
    (22, 373, 24, 341),
)


def responses(events, n):
    return ReplicateSample((np.arange(n) < events).astype(float)[None])


def times(time, event):
    time, event = np.array([time], float), np.array([event], float)
    return ReplicateSample(np.zeros(time.shape), time=time, event=event)


def berkeley(column):
    values, stratum = [], []
    for place, row in enumerate(BERKELEY):
        events, n = row[column : column + 2]
        values += [1.0] * events + [0.0] * (n - events)
        stratum += [float(place)] * n
    return ReplicateSample(np.array([values]), stratum=np.array([stratum]))


def repeated(seed=1, n=40, visits=4, lost=True):
    """Two arms with correlated visits, some of them missing."""
    stream = np.random.default_rng(seed)
    index = np.arange(visits)
    root = np.linalg.cholesky(0.6 ** np.abs(index[:, None] - index))
    arms = []
    for _ in range(2):
        start = stream.normal(size=(1, n))
        y = stream.normal(size=(1, n, visits)) @ root.T + 0.5 * start[:, :, None]
        if lost:
            last = stream.integers(1, visits + 3, n)
            y[0][index[None, :] >= last[:, None]] = np.nan
            y[0, 3, 1] = np.nan
        arms.append(ReplicateSample(y[:, :, -1], baseline=start, visits=y))
    return arms
