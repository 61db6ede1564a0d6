"""How fast the engine is: against its peers in one run, at equal tolerance and at equal error."""

from funis.pipeline.bench.run import Bench, bench

__all__ = ["Bench", "bench"]
