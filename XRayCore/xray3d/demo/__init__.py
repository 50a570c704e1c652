"""The demonstration: from a CT to X-rays with and without implants, with a report."""

from xray3d.demo.run import run_demo

__all__ = ["run_demo"]
