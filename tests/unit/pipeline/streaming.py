"""A cheap stand-in for the engines, and the command line with it as a program of its own.

``python streaming.py SECONDS BLOCK [WORDS...]`` runs ``funis WORDS``; each call of the stand-in
takes so many seconds, and a file holds two blocks. The last line of standard error is the peak
memory [KiB].
"""

import sys
import time

import numpy as np

from funis.pipeline import course_plan, stream
from funis.pipeline.chunks import Layout
from funis.solver import FAILED, Trajectories

SHARE_FAILED = 0.03


def stand_in(seconds=0.0):
    """Courses that depend on the patient and the dose alone; some patients fail when treated."""

    def simulate(model, parameters, doses, times, *, outputs):
        time.sleep(seconds)
        treated = len(doses.patient) > 0
        luck = np.modf(parameters.values[:, parameters.names.index("severity")] * 977)[0]
        level = (0.2 + 0.6 * luck)[:, None, None] * (1 + np.arange(len(outputs)) % 7)
        effect = 1 - 0.6 * treated * np.minimum(times / 10080, 1)[None, :, None]
        values = level * effect
        status = np.where(treated & (luck < SHARE_FAILED), FAILED, 0).astype(np.int8)
        values[status == FAILED] = np.nan
        deviation = np.where((luck > 0.8) & (status != FAILED), 3 * luck, np.nan)
        return Trajectories(outputs, times, values, values[:, -1], status, None, deviation)

    return simulate


def main():
    import resource

    from funis.apps.cli import app
    from funis.apps.door import enter

    course_plan.simulate = stand_in(float(sys.argv[1]))
    stream.LAYOUT = Layout(int(sys.argv[2]), 2)
    status = enter(app, sys.argv[3:])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
