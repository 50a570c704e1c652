"""Models as folders: what is in them, what is no model, and that a failed save loses nothing."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from xray3d.errors import ModelError, OutputExistsError
from xray3d.models import bundle as bundles
from xray3d.models.bundle import (
    CARD,
    COMPRESSED,
    INFERENCE,
    METADATA,
    WEIGHTS,
    Bundle,
    check_bundle_output,
    load_bundle,
    make_small,
    save_bundle,
    written_ns,
)
from xray3d.models.quantized import quantized

FILES = {METADATA, INFERENCE, WEIGHTS, CARD}


def a_bundle(value: float = 1.0) -> Bundle:
    generator = torch.Generator().manual_seed(0)
    return Bundle(
        weights={
            "first.weight": value * torch.randn((4, 3), generator=generator).T,
            "first.steps": torch.tensor(7),
            "half": torch.ones(5, dtype=torch.float16),
        },
        metadata={"version": "0.1.0", "xray3d": {"kind": "test", "patient": "Jörg", "value": value}},
        inference={"network_def": {"_target_": "monai.networks.nets.UNet", "channels": [8, 16]}},
        card="# A model\n\nup to 30°\n",
    )


@pytest.fixture
def folder(tmp_path) -> Path:
    """Of a saved model."""
    save_bundle(a_bundle(), tmp_path / "model")
    return tmp_path / "model"


def value_in(folder: Path) -> float:
    return load_bundle(folder).metadata["xray3d"]["value"]


def test_a_model_comes_back_as_it_was(folder):
    found, expected = load_bundle(str(folder)), a_bundle()
    assert found.weights.keys() == expected.weights.keys()
    for name, weight in expected.weights.items():
        assert found.weights[name].dtype == weight.dtype
        assert torch.equal(found.weights[name], weight)
    assert (found.metadata, found.inference, found.card) == (expected.metadata, expected.inference, expected.card)


def test_the_layout_is_monais_and_nothing_in_it_runs(folder):
    assert {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} == FILES
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    header_bytes = int.from_bytes((folder / WEIGHTS).read_bytes()[:8], "little")
    header = json.loads((folder / WEIGHTS).read_bytes()[8 : 8 + header_bytes])
    assert header["first.weight"]["shape"] == [3, 4]
    for file in FILES - {WEIGHTS}:
        (folder / file).read_text(encoding="utf-8")


def test_an_empty_folder_is_filled_and_a_model_replaced_only_when_asked(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    save_bundle(a_bundle(2.0), tmp_path / "empty")
    assert value_in(tmp_path / "empty") == 2
    with pytest.raises(OutputExistsError, match="model holds a model already; choose another folder or ask"):
        save_bundle(a_bundle(3.0), folder)
    assert value_in(folder) == 1
    (folder / "docs/notes.txt").write_text("of the old model")
    save_bundle(a_bundle(3.0), folder, overwrite=True)
    assert value_in(folder) == 3
    assert not (folder / "docs/notes.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"model", "empty"}


def test_the_current_folder_may_hold_the_model(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    save_bundle(a_bundle(), ".")
    assert value_in(tmp_path / "model") == 1


def other_things(place: Path) -> None:
    place.mkdir()
    (place / "thesis.tex").write_text("mine")


@pytest.mark.parametrize(
    ("make", "name", "sentence"),
    [
        (other_things, "there", "there holds something else than a model; choose another folder"),
        (lambda place: place.write_text("mine"), "there", "there holds something else than a model"),
        (lambda place: None, "there/deeper", "The folder of .*deeper does not exist; make it first"),
        (lambda place: place.write_text("mine"), "there/deeper", "The folder of .*deeper does not exist"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_model_is_never_replaced(tmp_path, make, name, sentence, overwrite):
    make(tmp_path / "there")
    before = {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")}
    for refuse in (check_bundle_output, lambda folder, overwrite: save_bundle(a_bundle(), folder, overwrite)):
        with pytest.raises(OutputExistsError, match=sentence):
            refuse(tmp_path / name, overwrite)
    assert {path: path.is_file() and path.read_text() for path in tmp_path.rglob("*")} == before


def no_space(*_, **__):
    raise OSError(28, "No space left on device")


def interrupted(*_, **__):
    raise KeyboardInterrupt


def refuses(which: int, fail=no_space):
    """A `Path.rename` that fails the so manieth time."""
    rename, calls = Path.rename, []

    def renamed(path, target):
        calls.append(path)
        if len(calls) == which:
            fail()
        return rename(path, target)

    return renamed


@pytest.mark.parametrize(
    ("owner", "name", "failing"),
    [
        (bundles, "save_file", no_space),
        (Path, "write_text", no_space),
        (Path, "mkdir", no_space),
        (Path, "rename", refuses(1)),
        (Path, "rename", refuses(2)),
    ],
    ids=["weights", "texts", "folders", "putting the old one aside", "putting the new one in its place"],
)
def test_a_failed_save_is_one_sentence_and_loses_nothing(folder, monkeypatch, owner, name, failing):
    with monkeypatch.context() as during:
        during.setattr(owner, name, failing)
        with pytest.raises(OutputExistsError, match="model cannot be written; check permissions and the space left"):
            save_bundle(a_bundle(2.0), folder, overwrite=True)
    assert value_in(folder) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["model"], "nothing is left beside it"


def test_a_new_model_that_cannot_be_saved_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(bundles, "save_file", no_space)
    with pytest.raises(OutputExistsError):
        save_bundle(a_bundle(), tmp_path / "model")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("owner", "name", "failing"),
    [
        (bundles, "save_file", interrupted),
        (Path, "rename", refuses(1, interrupted)),
        (Path, "rename", refuses(2, interrupted)),
    ],
)
def test_an_interruption_loses_nothing_either(folder, monkeypatch, owner, name, failing):
    with monkeypatch.context() as during:
        during.setattr(owner, name, failing)
        with pytest.raises(KeyboardInterrupt):
            save_bundle(a_bundle(2.0), folder, overwrite=True)
    assert value_in(folder) == 1
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_one_sentence(folder):
    folder.parent.chmod(0o500)
    try:
        with pytest.raises(OutputExistsError, match="cannot be written; check permissions"):
            save_bundle(a_bundle(2.0), folder, overwrite=True)
        assert value_in(folder) == 1
    finally:
        folder.parent.chmod(0o700)


@pytest.mark.parametrize("make", [lambda place: None, other_things, lambda place: place.write_text("x"), Path.mkdir])
def test_what_is_no_model_is_not_loaded(tmp_path, make):
    make(tmp_path / "there")
    with pytest.raises(ModelError, match=r"there holds no model: there is no configs/metadata.json in it; choose"):
        load_bundle(tmp_path / "there")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


@pytest.mark.parametrize(
    ("file", "spoil"),
    [
        *[(file, Path.unlink) for file in (INFERENCE, WEIGHTS, CARD)],
        *[(file, cut) for file in (METADATA, INFERENCE, WEIGHTS)],
        *[(file, lambda path: path.write_bytes(b"")) for file in (METADATA, INFERENCE, WEIGHTS)],
        *[(file, lambda path: path.write_bytes(b"\xff\xfe\x80" * 40)) for file in (METADATA, INFERENCE, WEIGHTS, CARD)],
        *[(file, lambda path: path.write_text("[1, 2]")) for file in (METADATA, INFERENCE)],
        (WEIGHTS, lambda path: torch.save({"weight": torch.ones(2)}, path)),
        (WEIGHTS, lambda path: (path.unlink(), path.mkdir())),
    ],
)
def test_a_damaged_model_is_one_sentence(folder, file, spoil):
    spoil(folder / file)
    with pytest.raises(ModelError, match="The model in .*model is damaged or incomplete; copy it again or train it"):
        load_bundle(folder)


def test_a_model_may_be_copied_anywhere(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "Größe 2/kopie ü")
    assert value_in(tmp_path / "Größe 2/kopie ü") == 1


def test_a_quarter_of_the_bytes_hold_the_same_weights_but_for_rounding(folder):
    before = load_bundle(folder)
    make_small(folder)
    after = load_bundle(folder)
    assert (after.metadata, after.inference, after.card) == (before.metadata, before.inference, before.card)
    assert after.weights.keys() == before.weights.keys()
    for name, weight in before.weights.items():
        off = (after.weights[name] - weight).abs().max()
        assert off <= weight.abs().max() / 254
    assert torch.equal(after.weights["first.steps"], before.weights["first.steps"])


def test_small_models_are_compressed_always_alike_and_the_smaller_the_fewer_bits_there_are(tmp_path):
    weights = {"layer.weight": torch.randn((64, 64, 3, 3), generator=torch.Generator().manual_seed(1))}
    sizes = []
    for bits in (8, 6, 5, 6):
        save_bundle(replace(a_bundle(), weights=weights), tmp_path / "model", overwrite=True)
        make_small(tmp_path / "model", bits)
        assert not (tmp_path / "model" / WEIGHTS).exists()
        sizes.append((tmp_path / "model" / COMPRESSED).read_bytes())
        off = load_bundle(tmp_path / "model").weights["layer.weight"] - weights["layer.weight"]
        assert off.abs().max() < 0.51 * 5 / (2 ** (bits - 1) - 1)
    assert len(sizes[0]) > 1.2 * len(sizes[1]) > 1.3 * len(sizes[2])
    assert sizes[1] == sizes[3]


def test_a_small_model_that_is_trained_on_and_saved_is_large_again(folder):
    make_small(folder)
    save_bundle(replace(load_bundle(folder), is_compressed=False), folder, overwrite=True)
    assert {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} == FILES


def test_a_small_model_that_was_written_again_is_another(folder):
    make_small(folder)
    before = written_ns(folder)
    os.utime(folder / COMPRESSED, ns=(1, 1))
    assert written_ns(folder) != before


@pytest.mark.parametrize(
    "spoil", [cut, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"\x1f\x8b\xff\xfe\x80" * 40)]
)
def test_a_damaged_small_model_is_the_same_sentence(folder, spoil):
    make_small(folder)
    spoil(folder / COMPRESSED)
    with pytest.raises(ModelError, match="The model in .*model is damaged or incomplete; copy it again or train it"):
        load_bundle(folder)


def test_units_of_other_weights_are_damage(folder):
    bundle = load_bundle(folder)
    wrong = {**quantized(bundle.weights), "first.weight.unit": torch.ones(5)}
    save_bundle(replace(bundle, weights=wrong), folder, overwrite=True)
    with pytest.raises(ModelError, match="is damaged or incomplete"):
        load_bundle(folder)
