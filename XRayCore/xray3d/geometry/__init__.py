"""Poses, the C-arm and projections; geometry files and DICOM headers in and out."""

from xray3d.geometry.carm import carm_angles_deg
from xray3d.geometry.dicom import DicomGeometry, GivenGeometry, dicom_geometry, read_dicom_geometry
from xray3d.geometry.geometry_file import load_geometry, save_geometry
from xray3d.geometry.p_matrix import projection_from_matrix, save_p_matrix
from xray3d.geometry.placement import principal_point_px, projection_from_placement
from xray3d.geometry.projection import Projection

__all__ = [
    "DicomGeometry",
    "GivenGeometry",
    "Projection",
    "carm_angles_deg",
    "dicom_geometry",
    "load_geometry",
    "principal_point_px",
    "projection_from_matrix",
    "projection_from_placement",
    "read_dicom_geometry",
    "save_geometry",
    "save_p_matrix",
]
