"""The `xray3d` command: one file per verb."""

from xray3d.cli.app import main

__all__ = ["main"]
