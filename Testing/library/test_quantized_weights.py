"""Weights of networks in a quarter of their bytes."""

import pytest
import torch

from xray3d.models.quantized import dequantized, quantized

GENERATOR = torch.Generator().manual_seed(0)
WEIGHTS = {
    "layer.weight": torch.randn((6, 5, 3, 3), generator=GENERATOR) * 10.0 ** torch.arange(-4, 2).view(6, 1, 1, 1),
    "layer.bias": torch.randn(6, generator=GENERATOR),
    "silent.weight": torch.zeros((2, 3)),
    "steps": torch.tensor(70_000),
    "half.weight": torch.randn((4, 3), generator=GENERATOR).half(),
}


def test_each_channel_has_a_unit_of_its_own():
    weights = dequantized(quantized(WEIGHTS))
    assert weights.keys() == WEIGHTS.keys()
    for name in ("layer.weight", "half.weight"):
        unit = WEIGHTS[name].float().flatten(1).abs().amax(dim=1) / 127
        off = (weights[name] - WEIGHTS[name]).flatten(1).abs().amax(dim=1)
        assert (off <= 0.501 * unit).all()
        assert off.max() > 0
        assert weights[name].dtype == torch.float32
    assert torch.equal(weights["silent.weight"], WEIGHTS["silent.weight"])
    assert torch.equal(weights["steps"], WEIGHTS["steps"])
    torch.testing.assert_close(weights["layer.bias"].float(), WEIGHTS["layer.bias"], rtol=1e-3, atol=1e-3)


def test_weights_take_a_byte_each():
    stored = quantized(WEIGHTS)
    assert stored["layer.weight"].dtype == torch.int8
    assert stored["layer.weight"].abs().flatten(1).amax(dim=1).tolist() == 6 * [127]


def test_the_same_again_changes_nothing():
    once = dequantized(quantized(WEIGHTS))
    again = dequantized(quantized(once))
    for name, weight in once.items():
        torch.testing.assert_close(again[name], weight)


def test_other_weights_stay_as_they_are():
    weights = dequantized(WEIGHTS)
    assert weights.keys() == WEIGHTS.keys()
    assert all(weights[name] is weight for name, weight in WEIGHTS.items())


@pytest.mark.parametrize("unit", [torch.ones(5), torch.ones((6, 1)), torch.tensor(1.0)])
def test_units_must_be_of_as_many_channels(unit):
    with pytest.raises(ValueError, match=r"layer\.weight has 6 channels and units of shape"):
        dequantized({**quantized(WEIGHTS), "layer.weight.unit": unit})
