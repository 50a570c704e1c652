"""DICOM X-rays and CT slices made for the tests."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SOP_CLASS = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "RF": "1.2.840.10008.5.1.4.1.1.12.2",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
}


def dicom(modality: str, pixels: np.ndarray, **fields) -> FileDataset:
    """A dataset with uint16 or int16 pixels (rows, columns) or (frames, rows, columns)."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SOP_CLASS[modality]
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.Modality = modality
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = int(pixels.dtype == np.int16)
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.PixelData = pixels.tobytes()
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return dataset


def xray(modality: str = "XA", pixels: np.ndarray | None = None, **fields) -> FileDataset:
    """An angiogram, 40×60 at 0.4×0.3 mm, LAO 30 CRA 20, SDD 1000, SOD 600; a field given as None is left out."""
    usual = {
        "PositionerPrimaryAngle": 30,
        "PositionerSecondaryAngle": 20,
        "DistanceSourceToDetector": 1000,
        "DistanceSourceToPatient": 600,
        "ImagerPixelSpacing": [0.4, 0.3],
        "PatientOrientation": ["L", "F"],
    }
    pixels = np.arange(2400, dtype=np.uint16).reshape(40, 60) if pixels is None else pixels
    kept = {keyword: value for keyword, value in {**usual, **fields}.items() if value is not None}
    return dicom(modality, pixels, **kept)


def item(**fields) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset()
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)
    return dataset


def write_ct_series(
    folder: Path, voxels: np.ndarray, ijk_to_lps: np.ndarray, series_uid: str | None = None, **fields
) -> list[Path]:
    """A CT series of int16 stored values (K, J, I); file names run against the order of the slices."""
    series_uid = series_uid or generate_uid()
    spacing = np.linalg.norm(ijk_to_lps[:3, :2], axis=0)
    orientation = (ijk_to_lps[:3, :2] / spacing).T.ravel()
    folder.mkdir(exist_ok=True)
    paths = []
    for k, pixels in enumerate(voxels):
        dataset = dicom(
            "CT",
            pixels,
            SeriesInstanceUID=series_uid,
            ImagePositionPatient=[f"{n:.9g}" for n in ijk_to_lps[:3, 3] + k * ijk_to_lps[:3, 2]],
            ImageOrientationPatient=[f"{n:.9g}" for n in orientation],
            PixelSpacing=[f"{spacing[1]:.9g}", f"{spacing[0]:.9g}"],
            RescaleSlope=1,
            RescaleIntercept=-1024,
        )
        for keyword, value in fields.items():
            setattr(dataset, keyword, value)
        paths.append(folder / f"{series_uid[-6:]}_{len(voxels) - k:03}.dcm")
        dataset.save_as(paths[-1])
    return paths
