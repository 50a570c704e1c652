"""Benchmarks: what the project promises, measured side by side with its peers in one run.

Every benchmark is one function `(quick, report) -> list[Row]`, named in `registry.BENCHMARKS`; `xray3d benchmark NAME`
runs it and prints its rows. A peer that is missing or fails is a row that says so, never an aborted table.
"""

from xray3d.benchmarks.registry import BENCHMARKS, run_benchmark
from xray3d.benchmarks.table import Row

__all__ = ["BENCHMARKS", "Row", "run_benchmark"]
