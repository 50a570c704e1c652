"""XRay3D: from a CT and a few C-arm X-rays to a registered, cleaned, three-dimensional picture of the patient."""

from typing import Any

from xray3d.drr import DRRRenderer, Implant, SceneCoordinateRenderer, load_implant
from xray3d.geometry import GivenGeometry, Projection, load_geometry, save_geometry
from xray3d.volumes import CTVolume, LabelVolume, XRayImage, load_ct, load_labels, load_xray, save_volume, save_xray

__all__ = [
    "CTVolume",
    "DRRRenderer",
    "GivenGeometry",
    "Implant",
    "LabelVolume",
    "Projection",
    "Registrar",
    "SceneCoordinateRenderer",
    "XRayImage",
    "inpaint",
    "load_ct",
    "load_geometry",
    "load_implant",
    "load_labels",
    "load_xray",
    "reconstruct",
    "register",
    "save_geometry",
    "save_volume",
    "save_xray",
]
__version__ = "0.1.0"

_LATER = {
    "Registrar": "xray3d.registration.register",
    "inpaint": "xray3d.inpainting.inpainter",
    "reconstruct": "xray3d.reconstruction.reconstruct",
    "register": "xray3d.registration.register",
}


def __getattr__(name: str) -> Any:
    """What is built on the renderer is imported when first asked for: it needs packages that rendering does not."""
    if name not in _LATER:
        raise AttributeError(f"module 'xray3d' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)
