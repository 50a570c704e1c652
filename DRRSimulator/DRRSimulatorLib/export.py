"""Simulated X-rays as files: an image and its geometry each."""

from __future__ import annotations

import re
from pathlib import Path

from slicer.i18n import tr as _

from xray3d.errors import XRay3DError
from xray3d.files import refuse_existing
from xray3d.mrml.xrays import xray_from_node
from xray3d.volumes.xray_files import save_xray, written_files


def exportViews(nodes: list, folder: str, overwrite: bool) -> list[Path]:
    """Write the X-rays as NRRD with their geometry beside them as JSON; returns the images' files.

    Raises:
        XRay3DError: no X-rays, no folder, or a file that is there already; nothing has been written then.
    """
    if not nodes:
        raise XRay3DError(_("There is no X-ray to export; press Apply to take one."))
    if not folder or not Path(folder).is_dir():
        raise XRay3DError(_("Choose a folder that exists for the X-rays to be exported to."))
    images = [xray_from_node(node) for node in nodes]
    paths = _paths(nodes, Path(folder))
    for path in paths:
        refuse_existing(*written_files(path), overwrite=overwrite)
    try:
        for image, path in zip(images, paths, strict=True):
            save_xray(image, path, overwrite=overwrite)
    except (OSError, RuntimeError) as failure:
        sentence = _("The X-rays could not be written to {folder}; check that there is space and that you may write.")
        raise XRay3DError(sentence.format(folder=folder)) from failure
    return paths


def _paths(nodes: list, folder: Path) -> list[Path]:
    """A file for each, named after its node in letters that every system takes."""
    stems: list[str] = []
    for node in nodes:
        stem = re.sub(r"[^\w.+-]+", "_", node.GetName(), flags=re.ASCII).strip("_.") or "xray"
        stems.append(stem if stem not in stems else f"{stem}_{len(stems) + 1}")
    return [folder / f"{stem}.nrrd" for stem in stems]
