"""What training, networks and their use agree on."""

SIZE_PX = 128
PIXEL_MM = 2.4
"""Pixels of the pictures at a receptor `REFERENCE_SDD_MM` from the source, before any zoom."""
REFERENCE_SDD_MM = 1020.0

STRIDE = 4
"""Pixels of the X-ray a pixel of the maps: a pose needs some hundred points, not all."""
MULTIPLE = 64
"""Sides of the pictures are multiples of this."""
COORDINATE_MM = 100.0
"""Unit of the networks' coordinates."""
FINENESS = 2
"""Poses are found on pictures of that size, and made better on some so many times as fine."""
