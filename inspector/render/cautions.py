"""What must be said beside a picture, so that it is not believed beyond what it shows."""

from __future__ import annotations

from collections.abc import Mapping

# Randomization: Adebayo et al., "Sanity checks for saliency maps", arXiv 1810.03292.
# Image recovery: Nie et al., "A theoretical explanation for perplexing behaviors of backpropagation-based
# visualizations", arXiv 1805.07039.
_GUIDED = (
    "Read with care: pictures by guided backpropagation can look alike even when the network's weights "
    "are randomized (Adebayo et al. 2018). They show which structure of the image passes the rectifiers, "
    "and are no proof of why the model decided. Plain gradients pass that test."
)
_CAUTIONS: Mapping[str, str] = {
    "guided": _GUIDED,
    "guided_gradcam": _GUIDED,
    "deconvnet": (
        "Read with care: deconvnet pictures can look alike even when the network's weights are randomized, "
        "as shown for the closely related guided backpropagation (Adebayo et al. 2018) and explained for "
        "both as partial recovery of the image (Nie et al. 2018). They show which structure of the image "
        "drives a unit, and are no proof of why the model decided. Plain gradients pass that test."
    ),
}


def caution(method: str) -> str | None:
    """Return the note that belongs under every picture of this attribution method, or None."""
    return _CAUTIONS.get(method)
