"""Digitally reconstructed radiographs: line integrals, their gradients, implants and scene coordinates."""

from xray3d.drr.implants import Implant, load_implant
from xray3d.drr.line_integrals import LineIntegrals
from xray3d.drr.renderer import DRRRenderer
from xray3d.drr.scene_coordinates import SceneCoordinateRenderer, SceneCoordinates

__all__ = [
    "DRRRenderer",
    "Implant",
    "LineIntegrals",
    "SceneCoordinateRenderer",
    "SceneCoordinates",
    "load_implant",
]
