"""A registration in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

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
    "model": _(
        "A model that was trained for this CT sees by itself from where the X-rays were taken. Train it below, under "
        "Model for this CT."
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
    seconds = secondsInWords(report.seconds)
    if report.inlierShare == 0:  # no images were compared
        return _("Ended after {seconds}, before the images were compared with the CT.").format(seconds=seconds)
    if report.inlierShare is not None:
        sentences.append(_("{share:.0%} of the model's points agree with one pose.").format(share=report.inlierShare))
    if report.implantShares:
        sentences.append(implantsInWords(report.implantShares))
    sentence = _("Similarity {similarity:.2f}, from {share:.0%} of the pixels, in {seconds}.")
    sentences.append(sentence.format(similarity=report.similarity, share=report.usedShare, seconds=seconds))
    return " ".join(sentences)


def implantsInWords(shares: Sequence[float]) -> str:
    """How much of each X-ray was taken for implants."""
    if not any(shares):
        return _("No implant was found.")
    covered = ", ".join(f"{share:.1%}" for share in shares)
    return _("Implants cover {covered} of the X-rays.").format(covered=covered)


def secondsInWords(seconds: float) -> str:
    """0.42 as "0.4 s", 75 as "1 min 15 s"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def numberInWords(value: float | None, unit: str) -> str:
    """A number as a table shows it; a dash where there is none."""
    return f"{value:.2f} {unit}".strip() if value is not None and math.isfinite(value) else "–"
