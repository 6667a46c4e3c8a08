"""From a recipe to the painting: parameterization, views, regularizers and optimizer for one canvas."""

from __future__ import annotations

from inspector.errors import InvalidInputError
from inspector.grad.synthesis.painting import Painting
from inspector.graph.synthesis.canvas import Canvas
from inspector.graph.synthesis.optimizers import OPTIMIZERS
from inspector.graph.synthesis.parameterizations import Fourier, Parameterization, Phase, Pixels
from inspector.graph.synthesis.views import Views
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.recipes import Recipe
from inspector.methods.synthesis.spectra import DECAY, magnitude_of, natural_magnitude
from inspector.types.arrays import Array


def painting_of(
    recipe: Recipe, framing: Framing, *, pictures: int, photographs: Array | None = None
) -> Painting:
    """Return the painting of so many pictures; `photographs` (N, C, *size) in 0..1 give the spectrum of phases."""
    canvas = Canvas(pictures=pictures, channels=framing.channels, size=framing.size)
    if recipe.rotate and len(framing.size) == 1:
        raise InvalidInputError("rotate is given, and a signal cannot be turned.", field="rotate")
    crop = None if recipe.crop is None else (recipe.crop[0], recipe.crop[-1])
    return Painting(
        canvas=canvas,
        parameterization=_parameterization(recipe, framing, photographs),
        views=Views(
            size=framing.size,
            crops=recipe.crops,
            jitter=min(recipe.jitter, min(framing.size) / 8),
            scale=recipe.scale,
            rotate=recipe.rotate,
            crop=crop,
            noise=recipe.noise,
        ),
        frame=framing.frame,
        decorrelated=recipe.colors == "decorrelated",
        regularizers=recipe.regularizers,
        optimizer=OPTIMIZERS[recipe.optimizer],
    )


def _parameterization(recipe: Recipe, framing: Framing, photographs: Array | None) -> Parameterization:
    if recipe.parameterization == "pixels":
        return Pixels()
    if recipe.parameterization == "fourier":
        return Fourier() if recipe.decay is None else Fourier(decay=recipe.decay)
    extent = (1, framing.size[0]) if len(framing.size) == 1 else (framing.size[0], framing.size[1])
    decorrelated = recipe.colors == "decorrelated"
    if photographs is None:
        decay = DECAY if recipe.decay is None else recipe.decay
        found = natural_magnitude(framing.channels, extent, decay=decay, decorrelated=decorrelated)
        return Phase(magnitude=found)
    planes = photographs.reshape(-1, framing.channels, *extent)
    return Phase(magnitude=magnitude_of(planes, decorrelated=decorrelated))
