"""Threads that share the processor."""

import torch

from xray3d.models.training.threads import threads_of_half_the_processor


def test_each_thread_has_half_of_pytorchs_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        with threads_of_half_the_processor(2) as threads:
            assert set(threads.map(lambda _: torch.get_num_threads(), range(20))) == {2}
            assert torch.get_num_threads() == 4
        with threads_of_half_the_processor(1) as later:
            assert later.submit(torch.get_num_threads).result() == 2, "those that begin later have as many as ever"
    finally:
        torch.set_num_threads(before)


def test_there_is_always_one():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threads_of_half_the_processor(1) as threads:
            assert threads.submit(torch.get_num_threads).result() == 1
    finally:
        torch.set_num_threads(before)
