"""A method's own options: known by name, refused by name."""

from __future__ import annotations

import pytest

import inspector
from inspector.engine.attribution import ATTRIBUTION_METHODS, options_of
from inspector.errors import InvalidInputError, NotFoundError
from tests.support.small_cnn import images, small_cnn

X = images(1)


@pytest.fixture(scope="module")
def ours():
    with inspector.load(small_cnn(), device="cpu") as loaded:
        yield loaded


def test_the_options_of_every_method():
    policies = {"policies": None}
    assert {name: dict(options_of(name)) for name in ATTRIBUTION_METHODS} == {
        "saliency": policies,
        "deconvnet": policies,
        "guided": policies,
        "lrp": {"rule": "epsilon_plus_flat", **policies},
        "gradient_x_input": {},
        "integrated_gradients": {"baseline": "grey", "steps": 50},
        "smoothgrad": {"samples": 25, "noise": 0.15, "seed": 0},
        "gradcam": {"layer": None},
        "guided_gradcam": {"layer": None},
        "rise": {"masks": 2000, "cells": 7, "keep": 0.5, "baseline": "grey", "seed": 0},
    }


def test_an_unknown_option_is_refused_with_those_that_exist(ours):
    with pytest.raises(
        InvalidInputError, match="'smoothgrad' has no option 'steps'; it has: samples, noise, seed"
    ) as e:
        ours.attribute(X, method="smoothgrad", steps=3)
    assert e.value.field == "options.steps"
    with pytest.raises(InvalidInputError, match="has no option 'noise'; it has: none"):
        ours.attribute(X, method="gradient_x_input", noise=3)


def test_an_unknown_method_is_refused_with_those_that_exist(ours):
    with pytest.raises(NotFoundError, match="no attribution method 'grad_cam'.*Did you mean 'gradcam'"):
        ours.attribute(X, method="grad_cam")


@pytest.mark.parametrize("method", ["saliency", "lrp", "gradcam", "guided_gradcam", "gradient_x_input"])
def test_methods_of_one_step_tell_no_progress(ours, method):
    told = []
    ours.attribute(X, method=method, progress=lambda *step: told.append(step))
    assert told == []
