"""What must be said beside pictures by guided backpropagation, whatever it is multiplied with."""

from __future__ import annotations

# Adebayo et al., "Sanity checks for saliency maps", arXiv 1810.03292.
GUIDED_CAUTION = (
    "Read with care: pictures by guided backpropagation can look alike even when the network's weights "
    "are randomized (Adebayo et al. 2018). They show which structure of the image passes the rectifiers, "
    "and are no proof of why the model decided. Plain gradients pass that test."
)
