"""DiffDRR where torchvision does not load."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_BLUR_MODULE = "torchvision.transforms.functional"
# timm needs torchvision in turn; DiffDRR imports it for a network that is not used here.
_MODULES = ("torchvision", "torchvision.transforms", _BLUR_MODULE, "timm")


def stand_in_for_torchvision() -> None:
    """Let `diffdrr.registration` and `diffdrr.metrics` be imported beside a torchvision made for another torch.

    PyPI's torchvision is made for CUDA's torch and fails to load with the CPU's. All that DiffDRR has of it is a
    Gaussian blur, which a gradient correlation with sigma 0 never calls.
    """
    try:
        import_module(_BLUR_MODULE)
    except Exception:  # an absent package, a library that does not load, an operator that does not exist
        modules: dict[str, Any] = {name: ModuleType(name) for name in _MODULES}
        modules[_BLUR_MODULE].gaussian_blur = None
        sys.modules.update(modules)
