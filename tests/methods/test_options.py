"""A method's own options: known by name, refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import InvalidInputError, NotFoundError
from inspector.grad.policies.table import POLICIES as POLICY_TABLE
from inspector.methods.color import COLORS as COLOR_VALUES
from inspector.types.options import MethodInfo, OptionInfo
from inspector.types.requests.attribute import AttributeRequest
from tests.support.small_cnn import images, small_cnn

X = images(1)


@pytest.fixture(scope="module")
def ours() -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(), device="cpu") as loaded:
        yield loaded


POLICIES = {"policies": (("policies",), None)}
CAM = {"layer": (("text",), None), "relu": (("flag",), True), "weights": (("text",), "auto")}
COLORS = ("text", "number", "numbers", "tensor")


def test_the_options_of_every_method() -> None:
    found = {
        method.name: {option.name: (option.types, option.default) for option in method.options}
        for method in inspector.attribution_methods()
    }
    assert found == {
        "saliency": POLICIES,
        "deconvnet": POLICIES,
        "guided": POLICIES,
        "lrp": {"rule": (("text",), "epsilon_plus_flat"), **POLICIES},
        "gradient_x_input": {},
        "integrated_gradients": {"baseline": (COLORS, "gray"), "steps": (("integer",), 50)},
        "smoothgrad": {
            "samples": (("integer",), 25),
            "noise": (("number",), 0.15),
            "seed": (("integer",), 0),
        },
        "gradcam": CAM,
        "guided_gradcam": CAM,
        "rise": {
            "masks": (("integer",), 2000),
            "cells": (("integer",), 7),
            "keep": (("number",), 0.5),
            "baseline": (COLORS, "gray"),
            "seed": (("integer",), 0),
        },
    }


def test_policies_for_a_method_without_are_told_by_their_own_field(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="no option 'policies'") as caught:
        ours.attribute(X, method="gradcam", policies={"relu1": "guided"})
    assert caught.value.field == "policies"


def test_policies_are_no_option_of_a_methods_own() -> None:
    given = {"policies": {"relu1": "guided"}}
    with pytest.raises(InvalidInputError, match="give them as policies=") as caught:
        AttributeRequest(images=X, options=given)
    assert (caught.value.reason, caught.value.field) == ("INVALID_OPTION", "options[policies]")


def test_none_is_no_policies_and_no_options() -> None:
    nothing: Any = None
    found = AttributeRequest(images=X, policies=None, options=nothing)
    assert (found.policies, found.options) == ({}, {})
    assert AttributeRequest(images=X, options={"policies": None, "rule": "zplus"}).options == {
        "rule": "zplus"
    }


def test_the_choices_are_those_that_there_are() -> None:
    methods = {method.name: method for method in inspector.attribution_methods()}
    assert set(methods["rise"].option("baseline").choices) == set(COLOR_VALUES)
    assert {f"lrp_{rule}" for rule in methods["lrp"].option("rule").choices} <= set(POLICY_TABLE)
    assert set(methods["guided"].option("policies").choices) == set(POLICY_TABLE)


def test_every_method_says_what_it_is() -> None:
    for method in inspector.attribution_methods():
        assert method.title, method
        assert method.description.endswith((".", ";")), method
        assert len(method.title) + len(method.description) < 240


def test_an_unknown_option_is_refused_with_those_that_exist(ours: inspector.Model) -> None:
    with pytest.raises(
        InvalidInputError,
        match="'smoothgrad' has no option 'steps'; it has: samples, noise, seed. Did you mean 'sam",
    ) as e:
        ours.attribute(X, method="smoothgrad", steps=3)
    assert e.value.field == "options[steps]"
    with pytest.raises(InvalidInputError, match="has no option 'noise'; it has: none"):
        ours.attribute(X, method="gradient_x_input", noise=3)


def test_an_unknown_method_is_refused_with_those_that_exist(ours: inspector.Model) -> None:
    with pytest.raises(NotFoundError, match="no attribution method 'grad_cam'.*Did you mean 'gradcam'"):
        ours.attribute(X, method="grad_cam")


@pytest.mark.parametrize("method", ["saliency", "lrp", "gradcam", "guided_gradcam", "gradient_x_input"])
def test_methods_of_one_step_tell_no_progress(ours: inspector.Model, method: str) -> None:
    told = []
    ours.attribute(X, method=method, progress=lambda *step: told.append(step))
    assert told == []


OPTIONS = {
    "integer": OptionInfo(name="steps", types=("integer",), default=3),
    "number": OptionInfo(name="keep", types=("number",), default=0.5),
    "choice": OptionInfo(name="rule", types=("text",), default="zplus", choices=("zplus", "epsilon")),
    "text": OptionInfo(name="layer", types=("text",), default=None),
    "flag": OptionInfo(name="signed", types=("flag",), default=True),
    "color": OptionInfo(
        name="baseline", types=("text", "number", "numbers", "tensor"), default="gray", choices=("gray",)
    ),
    "policies": OptionInfo(name="policies", types=("policies",), default=None),
}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("integer", 5, 5),
        ("integer", 5.0, 5),
        ("integer", np.int32(5), 5),
        ("integer", 2**62 + 1, 2**62 + 1),
        ("number", 5, 5.0),
        ("number", np.float32(0.5), 0.5),
        ("choice", "epsilon", "epsilon"),
        ("text", "conv1", "conv1"),
        ("text", None, None),
        ("flag", False, False),
        ("flag", np.False_, False),
        ("color", "gray", "gray"),
        ("color", 2, 2.0),
        ("color", [0, 0.5], (0.0, 0.5)),
        ("color", np.array([1, 2]), (1.0, 2.0)),
        ("policies", {"a": "b"}, {"a": "b"}),
    ],
)
def test_a_value_is_taken_as_the_type_of_its_option(kind: str, given: Any, expected: Any) -> None:
    found = OPTIONS[kind].check(given)
    assert found == expected
    assert type(found) is type(expected)


def test_an_image_is_taken_as_it_is() -> None:
    image = np.ones((3, 2, 2), np.float32)
    assert OPTIONS["color"].check(image) is image


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("integer", "many", "steps is 'many'; allowed: an integer."),
        ("integer", 2.5, "steps is 2.5; allowed: an integer."),
        ("integer", float("nan"), "steps is nan"),
        ("integer", True, "steps is True"),
        ("integer", None, "steps is None"),
        ("number", "0.5", "keep is '0.5'; allowed: a number."),
        ("choice", "epsilom", "allowed: zplus, epsilon. Did you mean 'epsilon'?"),
        ("choice", 3, "rule is 3; allowed: zplus, epsilon."),
        ("text", 3, "layer is 3; allowed: a text."),
        ("flag", 1, "signed is 1; allowed: true or false."),
        ("color", "grey", "Did you mean 'gray'?"),
        (
            "color",
            ["a"],
            "allowed: gray, or a number or several numbers or a float array of two or more axes.",
        ),
        ("color", np.array([["a"]]), "baseline is"),
        ("color", np.ones((3, 2, 2), np.uint8), "a float array"),
        ("policies", {"a": 1}, "allowed: a mapping from layers to policies."),
        ("policies", "a", "policies is 'a'"),
    ],
)
def test_a_value_of_another_type_is_refused_with_what_is_allowed(kind: str, given: Any, words: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        OPTIONS[kind].check(given)
    assert words in error.value.message
    assert (error.value.reason, error.value.field) == ("INVALID_OPTION", f"options[{OPTIONS[kind].name}]")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("integer", "12", 12),
        ("integer", "1e3", 1000),
        ("number", "0.5", 0.5),
        ("choice", "epsilon", "epsilon"),
        ("text", "5", "5"),
        ("flag", "false", False),
        ("flag", "True", True),
        ("color", "gray", "gray"),
        ("color", "-0.5", -0.5),
        ("color", "0.1,0.2", (0.1, 0.2)),
    ],
)
def test_a_text_is_read_as_the_type_of_its_option(
    kind: str, text: str, expected: bool | float | str | tuple[float, float]
) -> None:
    found = OPTIONS[kind].read(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "many"), ("integer", "0.5"), ("number", ""), ("choice", "eps"), ("flag", "1"),
        ("color", "0.1;0.2"), ("policies", "a=b"),
    ],
)  # fmt: skip
def test_a_text_of_another_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(InvalidInputError, match=OPTIONS[kind].name) as error:
        OPTIONS[kind].read(text)
    assert error.value.reason == "INVALID_OPTION"


def test_the_nearest_name_of_an_unknown_option_is_said() -> None:
    method = MethodInfo(name="m", title="", description="", options=(OPTIONS["integer"], OPTIONS["number"]))
    with pytest.raises(InvalidInputError, match="Did you mean 'steps'") as error:
        method.option("step")
    assert error.value.reason == "UNKNOWN_OPTION"


@pytest.mark.parametrize("method", ["rise", "smoothgrad"])
def test_a_negative_seed_is_refused(ours: inspector.Model, method: str) -> None:
    with pytest.raises(InvalidInputError, match="seed is -1") as error:
        ours.attribute(X, method=method, seed=-1)
    assert error.value.field == "options[seed]"


@pytest.mark.parametrize("method", ["rise", "integrated_gradients"])
def test_a_baseline_may_be_an_image(ours: inspector.Model, method: str) -> None:
    few: dict[str, Any] = {"masks": 20} if method == "rise" else {"steps": 5}
    plain = np.broadcast_to(np.asarray([0.1, 0.2, 0.3], np.float32)[:, None, None], X.shape[1:])
    color = ours.attribute(X, method=method, baseline=(0.1, 0.2, 0.3), **few)
    image = ours.attribute(X, method=method, baseline=plain, **few)
    np.testing.assert_array_equal(color.maps, image.maps)
    for wrong, reason in ((plain[:, 1:], "INVALID_SHAPE"), (plain * np.nan, "NOT_FINITE")):
        with pytest.raises(InvalidInputError) as error:
            ours.attribute(X, method=method, baseline=wrong, **few)
        assert (error.value.reason, error.value.field) == (reason, "options[baseline]")


def test_policies_name_what_does_not_exist(ours: inspector.Model) -> None:
    for policies, reason in (
        ({"cnv1": "guided"}, "LAYER_NOT_FOUND"),
        ({"relu1": "guide"}, "POLICY_NOT_FOUND"),
    ):
        with pytest.raises(NotFoundError, match="Did you mean") as error:
            ours.attribute(X, policies=policies)
        assert error.value.reason == reason
        assert error.value.field == f"policies[{next(iter(policies))}]"
    with pytest.raises(InvalidInputError, match="'gradcam' has no option 'policies'"):
        ours.attribute(X, method="gradcam", policies={"relu1": "guided"})
