"""One adapter per renderer, all behind the interface `Engine`; each is loaded inside its own process."""

from xray3d.benchmarks.engines.base import (
    CPU_ENGINES,
    ENGINES,
    NANODRR,
    NANODRR_TRITON,
    OURS,
    OURS_CUDA,
    RTK,
    Engine,
    create_engine,
)

__all__ = [
    "CPU_ENGINES",
    "ENGINES",
    "NANODRR",
    "NANODRR_TRITON",
    "OURS",
    "OURS_CUDA",
    "RTK",
    "Engine",
    "create_engine",
]
