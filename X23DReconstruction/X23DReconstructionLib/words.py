"""What came of it, in words."""

from __future__ import annotations

from collections.abc import Sequence

from slicer.i18n import tr as _

from xray3d.reconstruction.level_finding.found import naming_doubt
from XRayCoreLib.names import namesInWords

from .task import Made, Task


def reconstructedInWords(task: Task, made: Made) -> str:
    """Which levels were reconstructed, which of them from one X-ray only, and which X-rays do not show which or what.

    Args:
        made: what came of the task.
    """
    levels = [place.name for place in task.places]
    sentence = _("Reconstructed: {names}; judge them by their outlines on the X-rays.")
    sentences = [sentence.format(names=namesInWords(levels))]
    for xray in task.read.xrays:
        unseen = [place.name for place in task.places if not place.is_seen_by(xray.projection)]
        if unseen:
            sentence = _("{xray} does not show {names} and was left out there.")
            sentences.append(sentence.format(xray=xray.name, names=namesInWords(unseen)))
    single = [place.name for place in task.places if len(task.seeing(place)) == 1]
    if single:
        sentence = _("The depth of {names} is uncertain, because one X-ray alone shows it.")
        sentences.append(sentence.format(names=namesInWords(single)))
    return " ".join([*sentences, *made.doubts])


def foundInWords(found: Sequence) -> str:
    """Which levels were found, whether they may be named wrongly, and what to do about it."""
    sentence = _("Found: {names}. Look at each point on the X-rays, correct its place and its name, and reconstruct.")
    found_names = sentence.format(names=namesInWords([one.level for one in found]))
    return " ".join(filter(None, [found_names, naming_doubt(found)]))
