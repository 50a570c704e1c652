"""The far side of `engine_process`: what a process that runs an engine or a peer answers with.

Requests and replies are pickles on standard input and output: (name of a method of the worker, its arguments) in,
("ok", result) or ("failed", sentence) out. A separate process keeps engines' thread pools, libraries and crashes
apart, and shows each engine's memory by itself.
"""

from __future__ import annotations

import os
import pickle
import sys

from xray3d.benchmarks.job import THREADS


def serve(worker: object) -> None:
    """Answer requests with the worker's methods until standard input closes."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what engines print must not end up among the replies
    _use_two_cores()
    while True:
        try:
            method, arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            reply = ("ok", getattr(worker, method)(*arguments))
        except Exception as error:  # whatever an engine raises becomes its row in the table
            reply = ("failed", f"{type(error).__name__}: {error}")
        pickle.dump(reply, replies)
        replies.flush()


def _use_two_cores() -> None:
    """The same cores for every engine, also for one that starts a thread for each core of the machine."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
