"""Work side by side: layers that are small do not fill a processor one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch


def threads_of_half_the_processor(count: int) -> ThreadPoolExecutor:
    """So many threads, and for each of them half of PyTorch's own threads: more would wait for each other, busily."""
    ours = torch.get_num_threads()
    threads = ThreadPoolExecutor(count)
    all_of_them = Barrier(count)

    def halve() -> None:
        all_of_them.wait()  # else one thread might be asked twice
        torch.set_num_threads(max(1, ours // 2))
        torch.get_num_threads()  # a thread takes the number that was set last where it first needs it: here

    try:
        for one in [threads.submit(halve) for _ in range(count)]:
            one.result()
    finally:
        torch.set_num_threads(ours)  # for threads that begin later
    return threads
