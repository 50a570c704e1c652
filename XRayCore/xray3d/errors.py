"""Exceptions for bad input: each carries one sentence that names the file or field and what to do.

The command line turns any of these into exit code 2 and its message; the panels show the message.
Everything else that is raised is a defect of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class XRay3DError(ValueError):
    """Base of every error that the user can put right."""


class VolumeError(XRay3DError):
    """A CT, label map or X-ray image that cannot be used."""


class BlankXRayError(VolumeError):
    """An X-ray of which all that counts has one grey value."""


class NotRecognisedError(XRay3DError):
    """X-rays in which a model does not see the anatomy that it knows."""


class GeometryError(XRay3DError):
    """A projection, pose or header from which no usable geometry follows."""


class OutOfViewError(GeometryError):
    """A pose from which an X-ray would show next to nothing of the CT."""


class NoGeometryError(GeometryError):
    """An X-ray that says nothing, or not enough, about where it was taken; someone else may know."""


class MeshError(XRay3DError):
    """A surface that cannot be used as an implant."""


class DeviceError(XRay3DError):
    """A compute device that was asked for and is not there."""


class OutputExistsError(XRay3DError):
    """A file that would have been overwritten without being asked."""


class ModelError(XRay3DError):
    """A folder that holds no model, a damaged one, or one for something else."""


@contextmanager
def about(name: str) -> Iterator[None]:
    """Have errors say what they are about, where several things are worked on."""
    try:
        yield
    except XRay3DError as wrong:
        raise type(wrong)(f"{name}: {wrong}") from wrong
