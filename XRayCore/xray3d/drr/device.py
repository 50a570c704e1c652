"""Where kernels run: one NVIDIA Warp source for CPU and CUDA.

Warp runs a CPU launch on the calling thread and releases the GIL meanwhile, so a launch is cut into blocks along its
leading dimension and the blocks run on a thread pool. On CUDA the whole grid is one launch.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import warp as wp
from numpy.typing import NDArray

from xray3d.errors import DeviceError

# Reordered sums and fused multiply-adds on the CPU, as on CUDA: rays twice as fast. NaN keeps its meaning.
MODULE_OPTIONS = {
    "enable_backward": False,
    "fast_math": True,
    "cpu_compiler_flags": "-march=native -funsafe-math-optimizations -ffp-contract=fast",
}

# More blocks than threads, because rays through the body take longer than rays beside it.
_BLOCKS_PER_THREAD = 8


def resolve_device(device: str) -> wp.Device:
    """The Warp device called "cpu", "cuda" or "cuda:1"; DeviceError when this machine does not have it."""
    _initialise()
    names = [known.alias for known in wp.get_devices()] + (["cuda"] if wp.is_cuda_available() else [])
    if device not in names:
        raise DeviceError(f"There is no compute device {device!r} here; choose one of: {', '.join(names)}.")
    return wp.get_device(device)


def has_cuda() -> bool:
    """Whether Warp found an NVIDIA GPU with a working driver."""
    _initialise()
    return wp.is_cuda_available()


def launch(kernel: wp.Kernel, dim: Sequence[int], inputs: Sequence[Any], device: wp.Device) -> None:
    """Run `kernel` over the grid `dim`, in blocks along its leading dimension on the CPU.

    The kernel's first argument is the block's first index, to be added to the leading `wp.tid()`; `inputs` are the
    arguments after it, outputs included. Blocks run side by side: a kernel whose threads write to the same place must
    be launched with `launch_serial`.
    """
    if device.is_cuda:
        wp.launch(kernel, dim=tuple(dim), inputs=[0, *inputs], device=device)
        return
    # Compiled before the pool starts, so that its threads do not all compile the same module.
    kernel.module.load(device)
    pool = _thread_pool()
    length = -(-dim[0] // (_BLOCKS_PER_THREAD * _thread_count()))

    def run(start: int) -> None:
        block = (min(length, dim[0] - start), *dim[1:])
        wp.launch(kernel, dim=block, inputs=[start, *inputs], device=device, record_tape=False)

    for _ in pool.map(run, range(0, dim[0], length)):
        pass


def launch_serial(kernel: wp.Kernel, dim: Sequence[int], inputs: Sequence[Any], device: wp.Device) -> None:
    """Run `kernel` in one launch: for kernels that accumulate, since Warp's atomics are plain adds on the CPU."""
    wp.launch(kernel, dim=tuple(dim), inputs=[0, *inputs], device=device, record_tape=False)


def to_device(array: NDArray[Any], dtype: Any, device: wp.Device) -> wp.array:
    """`array` as a Warp array; on the CPU without a copy, which also keeps NumPy's huge pages (fewer cache misses)."""
    return wp.array(np.ascontiguousarray(array), dtype=dtype, device=device, copy=False)


@lru_cache(maxsize=1)
def _initialise() -> None:
    wp.config.log_level = wp.LOG_WARNING
    with _quiet_about_a_missing_driver():
        wp.init()


@contextmanager
def _quiet_about_a_missing_driver() -> Iterator[None]:
    """Hold back Warp's message that there is no NVIDIA driver, which it prints from native code on every laptop.

    Whatever else it says on standard error meanwhile is passed on.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a windowed application on Windows has no standard error
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            said = [line for line in held.readlines() if b"Could not find or load the NVIDIA CUDA driver" not in line]
            os.write(2, b"".join(said))


def _thread_count() -> int:
    """Cores that this process may use, which a container or a batch system may have limited."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@lru_cache(maxsize=1)
def _thread_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_thread_count(), thread_name_prefix="xray3d")
