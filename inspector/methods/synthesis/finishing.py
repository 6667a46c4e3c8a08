"""Finishing: the pictures of a loop on the way, and at its end with what models say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.engine.loop import Loop
from inspector.engine.run import Run
from inspector.methods.synthesis.drawing import drawn, total_variation
from inspector.methods.synthesis.framing import Framing
from inspector.methods.synthesis.grouping import Group
from inspector.methods.synthesis.judges import Judge
from inspector.resolve.probabilities import answers, tensors_for
from inspector.types.results.images import Images, Picture


def so_far(run: Run, done: Sequence[Picture], loop: Loop, group: Group) -> Images:
    """Return the pictures as they are on the way, without what only a forward pass could say of them."""
    pictures = zip(loop.picture(), group.pictures, strict=True)
    sketches = [
        Picture(pixels=drawn(one), caption=wanted.caption, role="synthesis") for one, wanted in pictures
    ]
    return Images(images=(*done, *sketches), notes=run.notes)


def finished(
    run: Run, framing: Framing, loop: Loop, group: Group, judges: Sequence[Judge]
) -> Iterator[Picture]:
    """Yield the pictures with what the model, and the judges, say of each as a whole."""
    pictures = loop.picture()
    inputs = framing.frame.typed(framing.frame.values(pictures))
    pixels = [drawn(one) for one in pictures]
    goals = list(dict.fromkeys(goal for one in group.pictures for goal in one.goals))
    tensors = dict.fromkeys(
        name for goal in goals for name in (goal.tensor, *tensors_for(run.engine, goal.chosen))
    )
    found = run.forward(inputs, list(tensors))
    values = {goal: goal.scores(found[goal.tensor]) for goal in goals}
    likely = {goal: answers(run.engine, goal.chosen, found, inputs) for goal in goals}
    verdicts = {
        judge.name: judge.of(run, pixels, [one.goals[0].chosen.resolved for one in group.pictures])
        for judge in judges
    }
    for index, wanted in enumerate(group.pictures):
        parts = zip(wanted.weights, wanted.goals, strict=True)
        measures = {"total variation": total_variation(pictures[index])}
        if wanted.goals[0].chosen.resolved.kind == "class":
            measures["probability"] = float(likely[wanted.goals[0]][index])
        caption = wanted.caption
        for name, given in verdicts.items():
            verdict = given[index]
            if verdict.rank is not None and verdict.probability is not None:
                measures |= {
                    f"rank in {name}": float(verdict.rank),
                    f"probability in {name}": verdict.probability,
                }
            if verdict.answer:
                caption += f"; {name}: {verdict.answer}"
        yield Picture(
            pixels=pixels[index],
            caption=caption,
            value=float(sum(weight * values[goal][index] for weight, goal in parts)),
            role="synthesis",
            measures=measures,
            values=inputs[index],
        )
