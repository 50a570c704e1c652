"""U-Nets with their channels last: they say the same as others, and learn the same."""

import pytest
import torch
from torch import nn

from xray3d.models.channels_last import Conv3d, InstanceNorm, layout, with_channels_last
from xray3d.models.unets import unet_definition, unet_of

SHAPES = {2: (2, 8, 5, 7), 3: (2, 8, 4, 5, 7)}


@pytest.fixture(params=SHAPES)
def dimensions(request):
    return request.param


def shown(dimensions):
    return torch.randn(SHAPES[dimensions], generator=torch.Generator().manual_seed(0), dtype=torch.float32) * 3 + 1


def learnt_by(norm, values, dimensions):
    """The answer, and the gradients of all that it depends on."""
    values = values.clone().contiguous(memory_format=layout(dimensions)).requires_grad_()
    answer = norm(values)
    weights = torch.randn(answer.shape, generator=torch.Generator().manual_seed(1))
    (answer * weights).sum().backward()
    return answer, values.grad, norm.weight.grad, norm.bias.grad


def test_a_norm_says_and_learns_what_pytorchs_does(dimensions):
    theirs = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[dimensions](8, affine=True)
    nn.init.normal_(theirs.weight)
    nn.init.normal_(theirs.bias)
    ours = InstanceNorm(8)
    ours.load_state_dict(theirs.state_dict())
    for found, expected in zip(
        learnt_by(ours, shown(dimensions), dimensions), learnt_by(theirs, shown(dimensions), dimensions), strict=True
    ):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_channels_stay_last(dimensions):
    values = shown(dimensions).contiguous(memory_format=layout(dimensions))
    assert InstanceNorm(8)(values).is_contiguous(memory_format=layout(dimensions))


def test_half_precision_stays_half_precision(dimensions):
    values = shown(dimensions).bfloat16().requires_grad_()
    answer = InstanceNorm(8)(values)
    answer.float().sum().backward()
    assert answer.dtype == values.grad.dtype == torch.bfloat16
    expected = InstanceNorm(8)(values.detach().float())
    torch.testing.assert_close(answer.float(), expected, atol=0.03, rtol=0.01)


def test_a_unet_says_the_same_and_keeps_its_names(dimensions):
    torch.manual_seed(0)
    definition = unet_definition(dimensions, 3, 2, (8, 8, 8, 8, 8, 8), norm=("instance", {"affine": True}))
    theirs = unet_of(definition)
    nn.init.normal_(theirs.final_conv.weight)
    ours = with_channels_last(unet_of(definition), dimensions)
    ours.load_state_dict(theirs.state_dict())
    image = torch.rand(2, 3, *[32] * dimensions)
    with torch.inference_mode():
        torch.testing.assert_close(ours(image), theirs(image), atol=1e-3, rtol=1e-3)
    assert not any(isinstance(part, nn.InstanceNorm2d | nn.InstanceNorm3d) for part in ours.modules())


@pytest.mark.parametrize("slices", [1, 2, 3])
def test_half_precision_has_the_gradients_of_full_precision_however_few_slices_there_are(slices):
    torch.manual_seed(0)
    part, shape = Conv3d(16, 8, 3, padding=1), (2, 16, slices, 4, 3)
    weights = torch.randn(2, 8, slices, 4, 3)
    gradients = []
    for half in (False, True) * 4:
        # What was written to memory before must not be found in gradients.
        torch.full((20_000,), float("nan"), dtype=torch.bfloat16)
        values = torch.randn(shape, generator=torch.Generator().manual_seed(1)).requires_grad_()
        part.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            answer = part(values.contiguous(memory_format=layout(3)))
        (answer.float() * weights).sum().backward()
        gradients.append((values.grad, part.weight.grad.clone(), part.bias.grad.clone()))
    for found, expected in zip(gradients[1::2], gradients[::2], strict=True):
        for one, other in zip(found, expected, strict=True):
            assert (one - other).norm() < 0.02 * other.norm()


def test_convolutions_keep_their_names_and_their_strides():
    definition = nn.Sequential(nn.Conv3d(4, 8, 3, stride=2, padding=1, bias=False))
    ours = with_channels_last(nn.Sequential(nn.Conv3d(4, 8, 3, stride=2, padding=1, bias=False)), 3)
    ours.load_state_dict(definition.state_dict())
    values = torch.rand(1, 4, 6, 8, 10)
    torch.testing.assert_close(ours(values), definition(values), atol=1e-5, rtol=1e-5)
