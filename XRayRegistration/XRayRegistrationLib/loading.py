"""X-rays from files, and geometry for X-rays that are in the scene without it."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from XRayCoreLib.messages import PanelError

from .parameters import MAX_XRAYS

_IMAGES = "*.nrrd *.mha *.dcm *.nii *.nii.gz *.png *.tif *.tiff"
_GEOMETRIES = "*.json *.txt *.csv *.dat *.npy"


def askForImages() -> list[str]:
    """The files of X-rays that the user picks; none where that was cancelled."""
    title = _("Load X-rays with their geometry")
    filters = _("X-rays ({patterns});;All files (*)").format(patterns=_IMAGES)
    return list(qt.QFileDialog.getOpenFileNames(slicer.util.mainWindow(), title, "", filters))


def askForGeometry(node) -> str:
    """The file with the geometry of an X-ray that the user picks; empty where that was cancelled."""
    title = _("Geometry of {name}").format(name=node.GetName())
    filters = _("JSON or P-matrix ({patterns})").format(patterns=_GEOMETRIES)
    return qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", filters)


def loadXRays(paths, geometry=None) -> list:
    """Put X-rays from files into the scene, with their geometry; returns their nodes.

    Args:
        paths: image files, as for `xray3d.load_xray`.
        geometry: a file with the geometry of all of them; None for what comes with each.

    Raises:
        VolumeError, GeometryError: an image that cannot be read or has no geometry; nothing was loaded then.
    """
    from xray3d import load_xray
    from xray3d.mrml.xrays import xray_to_node

    images = [load_xray(path, geometry) for path in paths]
    return [xray_to_node(image, name=_stem(path)) for image, path in zip(images, paths, strict=True)]


def loadIntoRows(parameters, paths: list[str]) -> None:
    """Load X-rays, and choose them in the rows that have none yet.

    Raises:
        PanelError: more files than free rows, or one without geometry; nothing was loaded then.
        VolumeError, GeometryError: as `loadXRays`.
    """
    from xray3d.errors import NoGeometryError

    free = freeRows(parameters)
    if len(paths) > len(free):
        sentence = _("There is room for {free} more X-rays; choose no more files than that.")
        raise PanelError(sentence.format(free=len(free)))
    try:
        nodes = loadXRays(paths)
    except NoGeometryError as lacking:
        sentence = _(
            "A file does not say where it was taken; load it with Add Data, choose it here and take its geometry from "
            "a file, with the button beside it."
        )
        raise PanelError(sentence, str(lacking)) from lacking
    with slicer.util.NodeModify(parameters):
        for row, node in zip(free, nodes, strict=False):
            setattr(parameters, f"xray{row}", node)


def freeRows(parameters) -> list[int]:
    """The numbers of the rows without an X-ray."""
    return [row for row in range(1, MAX_XRAYS + 1) if getattr(parameters, f"xray{row}") is None]


def _stem(path) -> str:
    return Path(path).name.partition(".")[0]
