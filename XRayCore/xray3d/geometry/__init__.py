"""Poses, the C-arm and projections."""

from xray3d.geometry.projection import Projection

__all__ = ["Projection"]
