"""How long one-view registrations take, beside the peers' own registration from the same starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xray3d.benchmarks.engine_process import EngineFailure
from xray3d.benchmarks.patient import data_folder
from xray3d.benchmarks.registration.anatomies import Anatomy, Place, load_anatomy
from xray3d.benchmarks.registration.cases import take_plain_xray
from xray3d.benchmarks.registration.peers import PEERS, PeerProcess
from xray3d.benchmarks.table import Row, against_limit, against_peer
from xray3d.drr import DRRRenderer
from xray3d.errors import XRay3DError
from xray3d.geometry import Projection
from xray3d.registration.capture_range import starts_at_mtre
from xray3d.registration.metrics import PoseError, pose_error
from xray3d.registration.register import Registrar
from xray3d.registration.statistics import percentile
from xray3d.volumes import XRayImage

NEAR_MM, FAR_MM = 10.0, 30.0
_NEAR_LIMIT_S, _FAR_LIMIT_S = 1.0, 5.0
_FASTER = 50.0
_FAILED = "half of the registrations or more failed"
_SEED = 7_000_000
_Finish = tuple[float, PoseError]


@dataclass(frozen=True, eq=False)
class _Start:
    """One X-ray, whose projection is the truth, and where its registration begins."""

    anatomy: Anatomy
    xray: XRayImage
    near: Projection
    far: Projection

    def finish(self, found: Projection, seconds: float) -> _Finish:
        return seconds, pose_error([found], [self.xray.projection], self.anatomy.targets_ras)

    def refused(self, start: Projection) -> _Finish:
        return np.inf, pose_error([start], [self.xray.projection], self.anatomy.targets_ras)


def race_rows(places: Sequence[Place], quick: bool, report: Callable[[str], None]) -> list[Row]:
    """Median times of ours against limits and against each peer, and the errors that all end with.

    A start that ours refuses counts as one that takes forever and stays where it is.
    """
    starts = [start for place in places for start in _starts(place, 2 if quick else 15, report)]
    report("registering the starts of the race")
    registrars = _registrars(starts)
    near = [_ours(registrars[start.anatomy], start, start.near) for start in starts]
    far = [_ours(registrars[start.anatomy], start, start.far) for start in starts]
    words = f"one view, median time, {len(starts)} starts"
    rows = [
        against_limit(f"{words} at up to {NEAR_MM:g} mm", _median(near, _seconds), "s", "<=", _NEAR_LIMIT_S),
        against_limit(f"{words} at {FAR_MM:g} mm", _median(far, _seconds), "s", "<=", _FAR_LIMIT_S),
    ]
    shared = range(0, len(starts), len(starts) if quick else max(1, len(starts) // 4))
    for name, peer in PEERS.items():
        outcomes = _peer(name, [starts[index] for index in shared], report)
        rows += _against(peer.title, [near[index] for index in shared], outcomes)
    return [_in_words(row) for row in rows]


def _starts(place: Place, count: int, report: Callable[[str], None]) -> Iterator[_Start]:
    report(f"X-rays of the {place.name}")
    anatomy = load_anatomy(place, data_folder())
    renderer = DRRRenderer(anatomy.xrayed)
    for number in range(count):
        xray = take_plain_xray(anatomy, renderer, _SEED + number)
        rng = np.random.default_rng(_SEED + number)
        near_mm = rng.uniform(0.5, 1.0) * NEAR_MM
        near, far = (
            starts_at_mtre([xray.projection], anatomy.targets_ras, mtre_mm, rng)[0] for mtre_mm in (near_mm, FAR_MM)
        )
        yield _Start(anatomy, xray, near, far)


def _registrars(starts: Sequence[_Start]) -> dict[Anatomy, Registrar]:
    """One for each anatomy, warm: compiling kernels and uploading the CT is not timed, for the peers neither."""
    registrars: dict[Anatomy, Registrar] = {}
    for start in starts:
        if start.anatomy not in registrars:
            registrars[start.anatomy] = Registrar(start.anatomy.ct)
            _ours(registrars[start.anatomy], start, start.near)
    return registrars


def _ours(registrar: Registrar, start: _Start, initial: Projection) -> _Finish:
    try:
        result = registrar.register([start.xray], [initial])
    except XRay3DError:  # such as a start from which the CT is out of view
        return start.refused(initial)
    return start.finish(result.projections[0], result.seconds)


def _peer(name: str, starts: Sequence[_Start], report: Callable[[str], None]) -> list[_Finish] | str:
    """The peer's times and errors, or why there are none."""
    finishes: list[_Finish] = []
    try:
        with PeerProcess(name) as process:
            prepared = None
            for start in starts:
                report(f"{name}: registration {len(finishes) + 1} of {len(starts)}")
                if prepared is not start.anatomy:
                    process.prepare(start.anatomy.ct)
                    prepared = start.anatomy
                outcome = process.register(start.xray, start.near)
                finishes.append(start.finish(outcome.projection, outcome.seconds))
    except EngineFailure as failure:
        return str(failure)
    return finishes


def _against(title: str, ours: Sequence[_Finish], theirs: Sequence[_Finish] | str) -> list[Row]:
    same = f"the same {len(ours)} starts at up to {NEAR_MM:g} mm, one view"

    def row(words: str, unit: str, item: Callable[[_Finish], float], divisor: float) -> Row:
        peer_value = theirs if isinstance(theirs, str) else _median(theirs, item)
        return against_peer(f"{same}: {words}", _median(ours, item), unit, title, peer_value, "<=", divisor)

    return [
        row("median time", "s", _seconds, _FASTER),
        row("median final mPD", "mm", lambda finish: finish[1].mpd_mm, 1.0),
        row("median final mTRE", "mm", lambda finish: finish[1].mtre_mm, 1.0),
    ]


def _seconds(finish: _Finish) -> float:
    return finish[0]


def _median(finishes: Sequence[_Finish], item: Callable[[_Finish], float]) -> float:
    return percentile([item(finish) for finish in finishes], 50)


def _in_words(row: Row) -> Row:
    """The row with a sentence for infinity, which JSON lacks; where it is ours, its goal is missed."""
    if row.value == np.inf:
        row = replace(row, value=_FAILED, met=False)
    return replace(row, peer_value=_FAILED) if row.peer_value == np.inf else row
