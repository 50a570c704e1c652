"""Pages of X-rays before and after, beside the truth and what is left of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xray3d.benchmarks.inpainting.outcomes import CaseOutcome

COLUMNS = ("before", "after", "truth", "after less truth, three times")
_HEIGHT_PX, _HEADING_PX = 320, 22
_LOW, _HIGH = 0.5, 99.5
_CONTRAST = 3.0
_SHOWN_OF_EACH = 3
# Room for words above narrow X-rays.
_LEAST_WIDTH_PX = 700
_GREY, _WHITE = 128, 255

Page = NDArray[np.uint8]


def strip(image: NDArray, painted: NDArray, truth: NDArray) -> bytes:
    """A PNG file with the columns of `COLUMNS` side by side, all (rows, cols) on the grey scale of the truth."""
    low, high = np.percentile(truth, [_LOW, _HIGH])
    scale = _WHITE / (high - low)
    shown = [scale * (one.astype(float) - low) for one in (image, painted, truth)]
    shown.append(_GREY + _CONTRAST * (shown[1] - shown[2]))
    width = max(1, round(_HEIGHT_PX * truth.shape[1] / truth.shape[0]))
    pictures = [np.clip(one, 0, _WHITE).astype(np.uint8) for one in shown]
    resized = [cv2.resize(one, (width, _HEIGHT_PX), interpolation=cv2.INTER_AREA) for one in pictures]
    return cv2.imencode(".png", np.hstack(resized))[1].tobytes()


def write_page(ranked: Sequence[CaseOutcome], path: Path) -> None:
    """Some of the best, of the middle and of the worst tenth of X-rays, as a PNG file.

    Args:
        ranked: the best first; at least one.
    """
    tenth = max(1, len(ranked) // 10)
    middle = (len(ranked) - tenth) // 2
    rows = [
        (f"{words} tenth: {case.name}", _shown(case.strip))
        for words, first in (("best", 0), ("middle", middle), ("worst", len(ranked) - tenth))
        for case in _some(ranked[first : first + tenth])
    ]
    width = max(_LEAST_WIDTH_PX, *(shown.shape[1] for _, shown in rows))
    page = [_heading(" | ".join(COLUMNS), width)]
    for words, shown in rows:
        page += [_heading(words, width), np.pad(shown, ((0, 0), (0, width - shown.shape[1])))]
    path.write_bytes(cv2.imencode(".png", np.vstack(page))[1].tobytes())


def _some(of_tenth: Sequence[CaseOutcome]) -> Sequence[CaseOutcome]:
    """Evenly from the first to the last."""
    count = min(_SHOWN_OF_EACH, len(of_tenth))
    return [of_tenth[int(number)] for number in np.linspace(0, len(of_tenth) - 1, count).round()]


def _shown(file: bytes) -> Page:
    return np.asarray(cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def _heading(words: str, width: int) -> Page:
    heading = np.zeros((_HEADING_PX, width), np.uint8)
    cv2.putText(heading, words, (4, _HEADING_PX - 7), cv2.FONT_HERSHEY_SIMPLEX, 0.42, _WHITE, 1, cv2.LINE_AA)
    return heading
