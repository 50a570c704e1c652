"""Trained models as folders: MONAI bundles with safetensors weights, and cards that say what they are good for."""
