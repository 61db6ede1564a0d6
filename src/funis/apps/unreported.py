"""``library/unreported_null.yaml``: ``python -m funis.apps.unreported FILE``."""

from __future__ import annotations

import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Write what unreported trials would change if they had found no effect."""
    from funis.calibrate.unreported_file import UNREPORTED, write_null_entries
    from funis.pipeline.unreported import Simulation, null_entries

    path = Path(arguments[0]) if arguments else UNREPORTED
    write_null_entries(path, null_entries(Simulation()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
