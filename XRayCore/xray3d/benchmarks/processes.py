"""Work that is spread over the cores: a process each, for what takes long and of which only the results count."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from xray3d.benchmarks.job import THREADS
from xray3d.benchmarks.kept import in_file, kept_file

Outcome = TypeVar("Outcome")


def in_processes(
    work: Callable[..., Outcome], jobs: Sequence[tuple[Any, ...]], done: Callable[[int], None]
) -> list[Outcome]:
    """`work(*job)` of every job, in their order, in processes that have a core each.

    Where results are kept, each is as soon as it is there, and jobs whose results are there are not done again.

    Args:
        work: a function that another process can import.
        jobs: the arguments of each call.
        done: told how many jobs are done, each time that one is.
    """
    # A fresh interpreter each: a forked one would share the thread pools of this.
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in range(THREADS):
        cores.put(core)
    with _single_threaded_blas(), ProcessPoolExecutor(THREADS, context, _take_a_core, (cores,)) as pool:
        futures = [pool.submit(_do, work, job, kept_file(work, job)) for job in jobs]
        for number, _ in enumerate(as_completed(futures), 1):
            done(number)
        return [future.result() for future in futures]


def _do(work: Callable[..., Outcome], job: tuple[Any, ...], file: Path | None) -> Outcome:
    """What the process does: the file comes with the job, since it does not know the folder by itself."""
    return in_file(file, lambda: work(*job))


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
