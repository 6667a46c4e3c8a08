"""Random weights under which signals neither vanish nor explode; in the peer's environment."""

from __future__ import annotations

import torch
from torch import nn

from benchmarks.architectures.pictures import pictures

SEED = 0
IMAGES = 32
"""How many random pictures of 64×64 the statistics of the normalization are taken from; of larger ones, fewer."""

BATCH_NORM_BIAS = (1.0, 0.3)
"""Mean and deviation. Most rectifiers are open then, as in trained networks; around 0, networks of random weights are
chaotic (forward errors grow thirtyfold in ResNet-50), and rounding decides every map."""


def settle(network: nn.Module, *, side: int) -> None:
    """Make constant parameters random, and set the statistics of batch normalization from one batch of pictures.

    Definitions start many parameters at 0 or 1 (gains, biases, layer scales of 1e-6, position embeddings), and a
    comparison would not see them.
    """
    generator = torch.Generator().manual_seed(SEED)
    for name, parameter in network.named_parameters():
        if parameter.numel() > 1 and bool((parameter == parameter.flatten()[0]).all()):
            _make_random(name, parameter.data, generator)
    for module in network.modules():
        if _has_statistics(module) and module.bias is not None:
            module.bias.data.normal_(*BATCH_NORM_BIAS, generator=generator)
    hooks = [
        module.register_forward_pre_hook(_set_statistics)
        for module in network.modules()
        if getattr(module, "running_var", None) is not None
        or type(module).__name__.endswith("FrozenBatchNorm2d")
    ]
    images = max(IMAGES * 64**2 // side**2, 2)
    with torch.no_grad():
        network(pictures(images, side=side, seed=SEED))
    for hook in hooks:
        hook.remove()


def _make_random(name: str, values: torch.Tensor, generator: torch.Generator) -> None:
    last = name.rpartition(".")[2]
    is_gain = last.startswith(("weight", "gamma", "layer_scale", "ls", "lambda")) or bool(
        values.flatten()[0] != 0
    )
    is_offset = last in {"bias", "beta"}
    if is_gain and not is_offset:
        values.uniform_(0.5, 1.5, generator=generator)
    else:
        values.normal_(0, 0.1, generator=generator)


def _has_statistics(module: nn.Module) -> bool:
    return getattr(module, "running_var", None) is not None


def _set_statistics(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    x = inputs[0]
    axes = [axis for axis in range(x.ndim) if axis != 1]
    module.running_mean.copy_(x.mean(axes))
    variance = x.var(axes, unbiased=False)
    module.running_var.copy_(variance + 1e-3 * variance.mean())  # a channel that is constant must not explode
