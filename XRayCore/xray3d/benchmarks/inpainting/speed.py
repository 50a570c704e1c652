"""How long one X-ray takes, and how much memory, in a process of its own on two threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xray3d.benchmarks.engine_process import EngineFailure, EngineProcess
from xray3d.benchmarks.inpainting.cases import PATIENTS
from xray3d.benchmarks.inpainting.patients import load_patient
from xray3d.benchmarks.inpainting.views import take_views
from xray3d.benchmarks.table import Row, Value, against_limit

_WORKER = "xray3d.benchmarks.inpainting.speed_worker"
_SIDE_PX, _VIEWS, _REPEATS = 512, 6, 5
_MOST_S = 1.0
_GIB = 2.0**30


def speed_rows(data_folder: Path, model: str) -> list[Row]:
    """Of the X-ray with the most metal of a few, which is looked for, and painted out where it is, found or not.

    The first time does not count.

    Args:
        model: digest of the model that ships, so that what is kept is of no other.
    """
    views = take_views(load_patient(data_folder / PATIENTS[0]), range(_VIEWS), _SIDE_PX)
    case = max((view for view in views if view.test_set == "X-rays"), key=lambda view: float(view.metal.mean()))
    load_patient.cache_clear()  # gigabytes that this process does not need again
    words = f"one X-ray of {_SIDE_PX}×{_SIDE_PX}, metal looked for and painted out, two threads"
    seconds: Value
    own_gib: Value
    whole_gib: Value
    try:
        with EngineProcess("xray3d", _WORKER) as process:
            before = process.call("start")
            process.call("seconds", case.image, case.metal)
            seconds = float(np.median([process.call("seconds", case.image, case.metal) for _ in range(_REPEATS)]))
            peak = process.call("peak_resident_bytes")
            own_gib, whole_gib = (peak - before) / _GIB, peak / _GIB
    except EngineFailure as failure:
        seconds = own_gib = whole_gib = str(failure)
    return [
        against_limit(f"{words}: time, median of {_REPEATS}", seconds, "s", "<=", _MOST_S),
        Row(f"{words}: peak memory of the process", whole_gib, "GiB"),
        Row(f"{words}: peak memory above libraries and networks", own_gib, "GiB"),
    ]
