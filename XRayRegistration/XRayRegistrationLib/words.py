"""A registration in words."""

from __future__ import annotations

import math

from slicer.i18n import tr as _

from .report import Report

START_HINTS = {
    "current": _(
        "The X-rays stand roughly where they belong: their C-arm's pose, landmarks or your hand put them there."
    ),
    "landmarks": _(
        "Points marked in the CT and on the X-rays, paired by their names or else by their order. Show an X-ray alone, "
        "below, while you mark points on it."
    ),
    "search": _(
        "Takes longer: searches far around where the X-rays stand, whose C-arm angles should be right to some tens of "
        "degrees."
    ),
}


def verdictInWords(report: Report) -> str:
    """The verdict and why."""
    verdicts = {"accepted": _("Accepted."), "doubtful": _("Doubtful."), "failed": _("Failed; nothing was moved.")}
    return f"{verdicts[report.verdict]} {report.reason}".strip()


def detailsInWords(report: Report) -> str:
    """How good, from how much, and how long it took."""
    sentences = []
    if report.startWarning:
        sentences.append(report.startWarning)
    sentence = _("Similarity {similarity:.2f}, from {share:.0%} of the pixels, in {seconds}.")
    seconds = secondsInWords(report.seconds)
    sentences.append(sentence.format(similarity=report.similarity, share=report.usedShare, seconds=seconds))
    return " ".join(sentences)


def secondsInWords(seconds: float) -> str:
    """0.42 as "0.4 s", 75 as "1 min 15 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def numberInWords(value: float | None, unit: str) -> str:
    """A number as a table shows it; a dash where there is none."""
    return f"{value:.2f} {unit}".strip() if value is not None and math.isfinite(value) else "–"
