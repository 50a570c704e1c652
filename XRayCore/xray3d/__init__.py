"""XRay3D: from a CT and a few C-arm X-rays to a registered, cleaned, three-dimensional picture of the patient."""

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
    "SceneCoordinateRenderer",
    "XRayImage",
    "load_ct",
    "load_geometry",
    "load_implant",
    "load_labels",
    "load_xray",
    "save_geometry",
    "save_volume",
    "save_xray",
]
__version__ = "0.1.0"
