"""What came of it, in words."""

from __future__ import annotations

from collections.abc import Sequence

from slicer.i18n import tr as _

from XRayCoreLib.names import namesInWords


def foundInWords(names: Sequence[str], found: Sequence[bool]) -> str:
    """On which X-rays implants were found."""
    withSome, without = _split(names, found)
    sentences = []
    if withSome:
        sentence = _("Implants were found on {names}; correct them if need be, then press Remove implants.")
        sentences.append(sentence.format(names=namesInWords(withSome)))
    if without:
        sentences.append(_("No implant was found on {names}.").format(names=namesInWords(without)))
    return " ".join(sentences)


def removedInWords(names: Sequence[str], found: Sequence[bool]) -> str:
    """From which X-rays implants were removed."""
    withSome, without = _split(names, found)
    sentences = []
    if withSome:
        sentence = _("Implants were removed from {names}; what was painted there is a guess, not a measurement.")
        sentences.append(sentence.format(names=namesInWords(withSome)))
    if without:
        sentence = _("No implant was found on {names}, which stays as it is.")
        sentences.append(sentence.format(names=namesInWords(without)))
    return " ".join(sentences)


def _split(names: Sequence[str], found: Sequence[bool]) -> tuple[list[str], list[str]]:
    pairs = list(zip(names, found, strict=True))
    return [name for name, some in pairs if some], [name for name, some in pairs if not some]
