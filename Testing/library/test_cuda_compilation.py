"""Every kernel compiles for CUDA: it can be told without a GPU, and most machines that run these tests have none."""

import importlib
import pkgutil
import sys

import pytest
import warp as wp

import xray3d.drr
from xray3d.drr.device import resolve_device

HOPPER = 90
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="Warp for macOS comes without CUDA's compiler")


def kernel_modules() -> list[str]:
    names = (info.name for info in pkgutil.walk_packages(xray3d.drr.__path__, "xray3d.drr."))
    modules = [importlib.import_module(name) for name in names if not name.endswith("autograd")]
    return [
        m.__name__
        for m in modules
        if any(isinstance(v, wp.Kernel) and v.module.name == m.__name__ for v in vars(m).values())
    ]


def test_the_renderers_and_the_physics_kernels_are_found():
    assert {"xray3d.drr.joseph", "xray3d.drr.metal", "xray3d.drr.physics.noise"} <= set(kernel_modules())


@pytest.mark.parametrize("name", kernel_modules())
def test_compiles_to_ptx(name, tmp_path):
    resolve_device("cpu")
    wp.compile_aot_module(importlib.import_module(name), arch=HOPPER, module_dir=tmp_path, use_ptx=True)
    (ptx,) = tmp_path.glob("*.ptx")
    assert f".target sm_{HOPPER}" in ptx.read_text()
