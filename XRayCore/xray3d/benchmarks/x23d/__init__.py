"""Vertebrae reconstructed from a few X-rays, beside the true ones."""
