"""Autograd's gradient, deconvnet and guided backpropagation; in the peer's environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Function = Callable[[torch.Tensor], torch.Tensor]

_PLAIN: Mapping[Callable[..., object], Callable[..., torch.Tensor]] = {
    functional.relu: torch.relu,
    torch.relu: torch.relu,
    torch.relu_: torch.relu,
    torch.Tensor.relu: torch.relu,
    functional.relu6: functional.relu6,
    functional.hardtanh: functional.hardtanh,
    functional.silu: functional.silu,
    functional.hardswish: functional.hardswish,
    functional.leaky_relu: functional.leaky_relu,
    functional.gelu: functional.gelu,
    functional.elu: functional.elu,
    functional.mish: functional.mish,
    functional.softplus: functional.softplus,
}
"""What networks call, modules included, and what it computes out of place. Hardtanh is how nn.ReLU6 is written."""


class Rectified(TorchFunctionMode):
    """Within it, every rectifier answers backward as a policy says, and nothing is detached.

    RT-DETR detaches its boxes from layer to layer to steady its training; a file knows nothing of that.
    """

    def __init__(self, policy: str) -> None:
        super().__init__()
        self.policy = policy

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        if function is torch.Tensor.detach:
            return args[0]
        plain = None if self.policy == "gradient" else _PLAIN.get(function)
        if plain is None:
            return function(*args, **kwargs)
        kwargs.pop("inplace", None)
        given = [argument for argument in args[1:] if not isinstance(argument, bool)]
        return _Rectifier.apply(args[0], lambda x: plain(x, *given, **kwargs), self.policy)


class _Rectifier(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, function: Function, policy: str) -> torch.Tensor:
        ctx.save_for_backward(x)
        ctx.function, ctx.policy = function, policy
        return function(x)

    @staticmethod
    def backward(ctx: Any, gy: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        rectified = torch.relu(gy)
        if ctx.policy == "deconvnet":
            return rectified, None, None
        with torch.enable_grad():
            x = ctx.saved_tensors[0].detach().requires_grad_()
            (gx,) = torch.autograd.grad(ctx.function(x), x, rectified)
        return gx, None, None


def maps(
    network: torch.nn.Module, images: torch.Tensor, policy: str, places: list[list[int]] | None
) -> tuple[list[torch.Tensor], list[list[int]]]:
    """Return, per output, one score's map per image, and which elements the scores are (the largest, if not given)."""
    x = images.detach().clone().requires_grad_()
    with Rectified(policy):
        outputs = network(x)
    found, chosen = [], []
    for number, output in enumerate(outputs):
        flat = output.reshape(len(images), -1)
        place = flat.argmax(1) if places is None else torch.tensor(places[number])
        score = flat[torch.arange(len(images)), place].sum()
        last = number == len(outputs) - 1
        (gradient,) = torch.autograd.grad(score, x, retain_graph=not last, allow_unused=True)
        found.append(torch.zeros_like(x) if gradient is None else gradient)
        chosen.append(place.tolist())
    return found, chosen
