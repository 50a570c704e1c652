"""Work in processes: results in the order of the jobs, a core each, and what goes wrong there comes back."""

import os

import pytest

from xray3d.benchmarks.processes import in_processes

# An expression, because another process does not find the functions of a test.
_WHERE = "(__import__('os').getpid(), __import__('os').environ['OMP_NUM_THREADS'], {})"
_CORES = "__import__('os').sched_getaffinity(0)"


def test_results_come_in_the_order_of_the_jobs_from_processes_with_a_core_and_a_thread_each(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    pinned = hasattr(os, "sched_getaffinity")
    allowed = os.sched_getaffinity(0) if pinned else set()
    told = []
    where, *divided = in_processes(
        eval, [(_WHERE.format(_CORES if pinned else "{0}"),), *[(f"divmod({n}, 3)",) for n in range(3, 9)]], told.append
    )
    process, threads, cores = where
    assert divided == [divmod(n, 3) for n in range(3, 9)]
    assert told == [1, 2, 3, 4, 5, 6, 7]
    assert process != os.getpid()
    assert (threads, len(cores)) == ("1", 1)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ
    assert not pinned or os.sched_getaffinity(0) == allowed


def test_a_failure_is_raised_here():
    with pytest.raises(ZeroDivisionError):
        in_processes(divmod, [(1, 0)], lambda done: None)
