"""CT volumes, label maps and X-ray images: in memory, in and out."""

from xray3d.volumes.ct import CTVolume
from xray3d.volumes.labels import LabelVolume
from xray3d.volumes.reading import load_ct, load_labels
from xray3d.volumes.writing import save_volume
from xray3d.volumes.xray import XRayImage
from xray3d.volumes.xray_files import load_xray, save_xray

__all__ = ["CTVolume", "LabelVolume", "XRayImage", "load_ct", "load_labels", "load_xray", "save_volume", "save_xray"]
