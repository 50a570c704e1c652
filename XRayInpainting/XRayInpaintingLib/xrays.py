"""Which volumes of the scene are offered as X-rays, and what has been made of them."""

from __future__ import annotations

from slicer.i18n import tr as _

from XRayCoreLib.offeredxrays import Row, offeredXRays


def originalXRays(hasLibrary: bool) -> list:
    """What is offered but was not made here."""
    if not hasLibrary:
        return offeredXRays()
    from xray3d.mrml.inpainting import is_output

    return [node for node in offeredXRays() if not is_output(node)]


def rowOf(node, hasLibrary: bool) -> Row:
    """An X-ray's name, whether implants were found, and whether there is a copy without them."""
    if not hasLibrary:
        return Row((node.GetName(), "–", "–"))
    from xray3d.mrml.inpainting import CLEAN, IMPLANTS, output_of
    from xray3d.mrml.segmentations import has_voxels

    implants, clean = output_of(node, IMPLANTS), output_of(node, CLEAN)
    found = "–" if implants is None else _("found") if has_voxels(implants) else _("none")
    return Row((node.GetName(), found, "–" if clean is None else _("made")))
