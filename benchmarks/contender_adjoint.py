"""onnx-ad: the exported file rewritten into its adjoint; runs in the peer's environment."""

from __future__ import annotations

import numpy as np
import onnx

from benchmarks import protocol
from benchmarks.bare import PROVIDERS, bare_session
from benchmarks.contender_onnx_ad import adjoint_session
from benchmarks.models import model_named


def open_contender(name: str, threads: int) -> protocol.Contender:
    """Write the adjoint graph, open a session of it and return its task; any error where it cannot."""
    spec = model_named(name)
    x = protocol.image(spec.side)
    device = protocol.device()
    plain = bare_session(spec.path, threads=threads, device=device)
    image, scores = plain.get_inputs()[0].name, plain.get_outputs()[0].name
    answer = plain.run([scores], {image: x})[0]
    seed = np.zeros_like(answer)
    seed[0, answer[0].argmax()] = 1
    session = adjoint_session(
        onnx.load(spec.path),
        scores=scores,
        image=image,
        shape=x.shape,
        threads=threads,
        providers=PROVIDERS[device],
    )
    given = {image: x, f"adj_{scores}": seed[..., None]}
    feeds = {one.name: given[one.name] for one in session.get_inputs()}

    def saliency() -> np.ndarray:
        found: np.ndarray = session.run([f"adj_{image}"], feeds)[0]
        return found.reshape(x.shape)

    return {"saliency": saliency}


if __name__ == "__main__":
    protocol.serve(open_contender)
