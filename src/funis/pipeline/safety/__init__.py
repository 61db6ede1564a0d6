"""Adverse events outside a single trial: pooled from the evidence, told as tables, and gated."""
