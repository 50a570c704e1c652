"""The memory of this process."""

from __future__ import annotations

from pathlib import Path

_KIB = 1024


def resident_bytes() -> int:
    """Held now."""
    return _memory_bytes("VmRSS")


def peak_resident_bytes() -> int:
    """The most that was ever held."""
    return _memory_bytes("VmHWM")


def _memory_bytes(field: str) -> int:
    """From the kernel's own account: unlike getrusage's maximum it does not count the parent from before exec."""
    status = Path("/proc/self/status")
    if not status.exists():
        raise RuntimeError("memory is measured on Linux only")
    line = next(line for line in status.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * _KIB
