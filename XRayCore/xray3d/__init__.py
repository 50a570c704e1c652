"""XRay3D: from a CT and a few C-arm X-rays to a registered, cleaned, three-dimensional picture of the patient."""

from xray3d.geometry import Projection
from xray3d.volumes.ct import CTVolume

__all__ = ["CTVolume", "Projection"]
__version__ = "0.1.0"
