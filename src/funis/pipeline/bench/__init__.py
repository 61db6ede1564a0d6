"""How fast the engine is: against its peers in one run, at equal tolerance and at equal error."""

from funis.pipeline.bench.run import Bench, bench, bench_moves, move_tables, where

__all__ = ["Bench", "bench", "bench_moves", "move_tables", "where"]
