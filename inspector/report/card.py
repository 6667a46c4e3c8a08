"""A model card: what a model says of itself, and what was found when it was looked over."""

from __future__ import annotations

from inspector.face.model import Model
from inspector.findings.checked import Checked
from inspector.types.model_card import ModelCard


def model_card(model: Model, checked: Checked) -> ModelCard:
    """Ask a model, here or on a service, for what its card tells, beside what `check` said of it.

    A model that could not be looked over has a card that says why.
    """
    unchecked = "" if checked.error is None else checked.error.message
    return ModelCard(info=model.info, layers=model.layers(), report=checked.report, unchecked=unchecked)
