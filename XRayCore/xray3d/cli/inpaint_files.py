"""What `xray3d inpaint` reads and writes, checked before the work begins and written whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xray3d.cli.masks import check_count, read_mask
from xray3d.cli.options import check_folder, check_output
from xray3d.errors import OutputExistsError, VolumeError
from xray3d.files import extension, stems, with_extension

if TYPE_CHECKING:
    from xray3d.inpainting.painting import Painted
    from xray3d.volumes import XRayImage
    from xray3d.volumes.pictures import Picture

_CLEAN, _MASK, _UNCERTAINTY = "_clean", "_mask", "_uncertainty"
_OF_MASK, _OF_UNCERTAINTY = np.dtype(np.uint8), np.dtype(np.float32)


@dataclass(frozen=True)
class Job:
    """The files of one X-ray.

    Attributes:
        xray: the X-ray.
        mask: where its metal is; None where that is to be found.
        clean: where it goes without implants.
        saved_mask: where the mask of what was painted goes; None for nowhere.
        saved_uncertainty: where the standard error of what was painted goes; None for nowhere.
    """

    xray: Path
    mask: Path | None
    clean: Path
    saved_mask: Path | None
    saved_uncertainty: Path | None

    @property
    def inputs(self) -> list[Path]:
        """Every file that may be read."""
        return [*_with_geometry(self.xray), *([self.mask] if self.mask else [])]

    @property
    def outputs(self) -> list[Path]:
        """Every image that is written."""
        return [path for path in (self.clean, self.saved_mask, self.saved_uncertainty) if path is not None]


def plan(
    views: Sequence[Path],
    masks: Sequence[Path],
    output: Path,
    save_mask: Path | None,
    save_uncertainty: Path | None,
    overwrite: bool,
) -> list[Job]:
    """What is to be done with each X-ray, and where that goes.

    Raises:
        OutputExistsError: an output that exists and is not to be overwritten, is an input, is named twice or cannot be
            written.
        VolumeError: not one mask for each X-ray.
    """
    check_count(masks, len(views))
    nothing: list[Path | None] = [None] * len(views)
    columns = (
        views,
        masks or nothing,
        _places(output, views, _CLEAN),
        _places(save_mask, views, _MASK) if save_mask else nothing,
        _places(save_uncertainty, views, _UNCERTAINTY) if save_uncertainty else nothing,
    )
    jobs = [Job(*files) for files in zip(*columns, strict=True)]
    written = [file for job in jobs for image in job.outputs for file in _with_geometry(image)]
    _refuse_clashes(written, [file for job in jobs for file in job.inputs if file.exists()])
    for file in written:
        check_folder(file.parent)
        if file.parent.is_dir():
            check_output(file, overwrite)
    return jobs


def read(job: Job) -> tuple[XRayImage | Picture, NDArray[np.bool_] | None]:
    """The X-ray and its mask (rows, cols), None where that is to be found.

    Raises:
        VolumeError, GeometryError: something that cannot be used, or an output that could not hold it.
    """
    from xray3d.volumes.pictures import check_picture_output, load_xray_or_picture
    from xray3d.volumes.xray import XRayImage
    from xray3d.volumes.xray_files import written_files

    image = load_xray_or_picture(job.xray)
    if isinstance(image, XRayImage):
        for path in job.outputs:
            written_files(path)
    else:
        dtypes = {job.clean: image.pixels.dtype, job.saved_mask: _OF_MASK, job.saved_uncertainty: _OF_UNCERTAINTY}
        for path in job.outputs:
            check_picture_output(path, dtypes[path])
    if job.mask is None:
        return image, None
    mask = read_mask(job.mask, image.pixels.shape, image.name)
    if mask.all():
        raise VolumeError(f"{job.mask} covers all of {image.name}; leave some of it to go on from.")
    return image, mask


def save(job: Job, image: XRayImage | Picture, painted: Painted) -> None:
    """Write the clean X-ray, its geometry and what else was asked for; replaces what is there, or leaves all as it was.

    Raises:
        OutputExistsError: something cannot be written.
    """
    contents = {
        job.clean: _like(image, painted.pixels),
        job.saved_mask: painted.mask.astype(_OF_MASK),
        job.saved_uncertainty: painted.sigma.astype(_OF_UNCERTAINTY),
    }
    try:
        with ExitStack() as stack:
            made = []
            for path in job.outputs:
                path.parent.mkdir(parents=True, exist_ok=True)
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".xray3d-", dir=path.parent)))
                _write(image, contents[path], folder / path.name)
                made.append((folder, path))
            for folder, path in made:
                for file in _with_geometry(path):
                    _put(folder / file.name, file)
    except (OSError, VolumeError) as failure:
        raise OutputExistsError(f"{job.clean} cannot be written; check permissions and the space left.") from failure


def geometry_of(path: Path) -> Path:
    """Where the geometry of an X-ray that is written there goes."""
    return with_extension(path, ".json")


def _like(image: XRayImage | Picture, pixels: NDArray[np.float64]) -> NDArray:
    """Pixels (rows, cols) in the type of numbers that the image has."""
    from xray3d.volumes import XRayImage

    return pixels.astype(np.float32) if isinstance(image, XRayImage) else image.showing(pixels).pixels


def _write(image: XRayImage | Picture, pixels: NDArray, path: Path) -> None:
    """Pixels (rows, cols) as an image that lies where `image` does."""
    from xray3d.volumes import XRayImage, save_xray
    from xray3d.volumes.pictures import save_picture

    if isinstance(image, XRayImage):
        save_xray(replace(image, pixels=pixels), path)
    else:
        save_picture(replace(image, pixels=pixels), path)


def _put(made: Path, file: Path) -> None:
    """Bring a file to its place; where none was made, one that is out of date must not be taken for it."""
    if made.exists():
        made.replace(file)
    else:
        file.unlink(missing_ok=True)


def _places(target: Path, views: Sequence[Path], end: str) -> list[Path]:
    """Where something of each X-ray goes: into a file, or under the X-ray's name into a folder."""
    from xray3d.volumes.pictures import PICTURE_EXTENSIONS

    if target.is_dir() or not target.suffix:
        return [target / f"{stem}{end}.nrrd" for stem in stems(views)]
    if len(views) > 1:
        raise OutputExistsError(f"{target} is one file for {len(views)} X-rays; give a folder.")
    if extension(target) not in PICTURE_EXTENSIONS:
        raise VolumeError(f"{target} cannot be written; choose one of {', '.join(PICTURE_EXTENSIONS)}.")
    check_output(target, overwrite=True)  # for now, whether its folder is there
    return [target]


def _with_geometry(image: Path) -> list[Path]:
    return [image, geometry_of(image)]


def _refuse_clashes(written: Sequence[Path], inputs: Sequence[Path]) -> None:
    places = [path.resolve() for path in written]
    read_from = {path.resolve() for path in inputs}
    for path, place in zip(written, places, strict=True):
        if place in read_from:
            raise OutputExistsError(f"{path} is an input, which stays as it is; choose another output.")
        if places.count(place) > 1:
            raise OutputExistsError(f"{path} is named twice; give every output a name of its own.")
