"""The catalog: complete however it is imported, and each method says how it is drawn and what to beware of."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.methods import registration
from inspector.methods.catalog import attribution_methods, info_of, method_names
from inspector.methods.registration import attribution_method
from inspector.registry import Registry
from inspector.render.maps import attribution_image
from inspector.types.options import PICTURES
from inspector.types.results.maps import Maps
from tests.support.small_cnn import images, small_cnn


@pytest.mark.parametrize(
    "first", ["inspector.methods.catalog", "inspector.methods.attribution.lrp", "inspector"]
)
def test_it_is_complete_whatever_was_imported_first(first: str) -> None:
    script = f"import {first}; from inspector.methods.catalog import method_names; print(*method_names())"

    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert tuple(found.stdout.split()) == method_names()
    assert len(method_names()) == 10


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A place to register in, beside the real one."""
    monkeypatch.setattr(registration, "ATTRIBUTION_METHODS", Registry("attribution method"))
    monkeypatch.setattr(registration, "_INFOS", {})


def toy(run: Any, x: Any, targets: Any, *, strength: float = 2.0) -> Maps:
    """Return the image."""
    return Maps(method="", maps=strength * x.values, targets=(), inputs=x.values, layout="NCHW")


@pytest.mark.usefixtures("empty")
def test_a_second_method_of_one_name_is_an_error() -> None:
    attribution_method("toy", picture="heat")(toy)

    with pytest.raises(ValueError, match=r"'toy' is registered twice: by tests\.\S+ and by tests"):
        attribution_method("toy", picture="signed")(toy)
    assert registration.registered("toy")[1].picture == "heat"


@pytest.mark.usefixtures("empty")
def test_a_picture_that_nobody_can_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match="picture 'oil'; allowed: saliency, signed, heat, projection"):
        attribution_method("toy", picture="oil")


@pytest.mark.usefixtures("empty")
def test_a_method_with_an_option_that_nobody_can_give_is_not_registered() -> None:
    def wrong(run: Any, x: Any, targets: Any, *, strength: bytes = b"") -> Maps:
        raise NotImplementedError

    with pytest.raises(TypeError, match="'strength'"):
        attribution_method("toy", picture="heat")(wrong)
    assert "toy" not in registration.ATTRIBUTION_METHODS


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_can_be_drawn(picture: str) -> None:
    drawn = attribution_image(np.ones((3, 4, 5)), picture=picture, layout="NCHW")

    assert drawn.size == (5, 4)


def test_an_unknown_picture_is_refused_by_name() -> None:
    with pytest.raises(inspector.errors.NotFoundError, match="'head'.*'heat'") as error:
        attribution_image(np.ones((3, 4, 5)), picture="head", layout="NCHW")
    assert error.value.field == "picture"


@pytest.mark.parametrize("method", ["deconvnet", "guided", "guided_gradcam"])
def test_methods_that_randomization_does_not_change_carry_a_caution(method: str) -> None:
    assert "Adebayo et al. 2018" in (info_of(method).caution or "")


def test_plain_gradients_carry_none() -> None:
    assert info_of("saliency").caution is None


def test_results_carry_what_their_method_declares() -> None:
    short: dict[str, dict[str, Any]] = {
        "integrated_gradients": {"steps": 2},
        "smoothgrad": {"samples": 2},
        "rise": {"masks": 3},
    }
    with inspector.load(small_cnn(), device="cpu") as ours:
        for info in attribution_methods():
            found = ours.attribute(images(1), method=info.name, **short.get(info.name, {}))
            assert (found.method, found.picture, found.caution) == (info.name, info.picture, info.caution)
    pictures = {info.name: info.picture for info in attribution_methods()}
    assert pictures == {
        "deconvnet": "projection",
        "gradcam": "heat",
        "gradient_x_input": "signed",
        "guided": "projection",
        "guided_gradcam": "projection",
        "integrated_gradients": "signed",
        "lrp": "signed",
        "rise": "heat",
        "saliency": "saliency",
        "smoothgrad": "saliency",
    }
    assert replace(info_of("lrp")) == info_of("lrp")
