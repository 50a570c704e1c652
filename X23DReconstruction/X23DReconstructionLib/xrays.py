"""Which volumes of the scene are offered as X-rays, and whether their geometry is known."""

from __future__ import annotations

from slicer.i18n import tr as _

from XRayCoreLib.offeredxrays import Row, offeredXRays


def listedXRays(hasLibrary: bool) -> list:
    """The X-rays, also copies without implants; not what else modules made of them."""
    if not hasLibrary:
        return offeredXRays()
    from xray3d.mrml.inpainting import is_output
    from xray3d.volumes.xray_files import SDD_ATTRIBUTE

    return [node for node in offeredXRays() if node.GetAttribute(SDD_ATTRIBUTE) or not is_output(node)]


def rowOf(node, hasLibrary: bool) -> Row:
    """An X-ray's name, and whether its geometry is known, which only the library can tell."""
    if not hasLibrary:
        return Row((node.GetName(), "–"))
    problem = problemOf(node)
    return Row((node.GetName(), _("not usable") if problem else _("known")), problem)


def problemOf(node) -> str:
    """One sentence that says why an X-ray cannot be used; empty where it can."""
    from xray3d.errors import XRay3DError
    from xray3d.mrml.xrays import projection_from_node

    try:
        projection_from_node(node)
    except XRay3DError as wrong:
        return str(wrong)
    return ""
