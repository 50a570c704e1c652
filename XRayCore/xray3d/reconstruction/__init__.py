"""Bones in three dimensions from a few X-rays whose geometry is known."""
