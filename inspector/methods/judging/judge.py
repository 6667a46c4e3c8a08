"""Judging: what is known of a map when the model is asked about changed images, or has lost its weights."""

from __future__ import annotations

from dataclasses import replace

from inspector.engine.run import Run
from inspector.methods.card import Card
from inspector.methods.judging.explaining import explained, explainer_of
from inspector.methods.judging.given import check, measures_of
from inspector.methods.judging.measures import Trial
from inspector.methods.judging.randomization import Curves, cascade
from inspector.methods.judging.scores import GAUSSIAN, LOWER, MAP, RANDOM, Scores, panel
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.types.requests.judge import JudgeRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.maps import Maps

NO_WEIGHTS = "no_weights"
MAP_IS_EMPTY = "map_is_empty"

_CARD = Card(
    formula="Deletion, insertion: the area below f as pixels go to gray, or come back onto a blurred image, in the "
    "map's order. Infidelity: min_β E[(β·Σ I·φ − (f(x) − f(x − I)))²] / E[(f(x) − f(x − I))²], I noise. "
    "Sensitivity-max: max ‖φ(x + r) − φ(x)‖ / ‖φ(x)‖. Completeness gap: |Σ φ − Δf| / |Δf|. "
    "Pointing, energy, overlap with boxes. "
    "Randomization: the rank correlation of the map with that of the model whose weights were shuffled from the top.",
    source="Petsiuk et al. 2018 (arXiv 1806.07421), §4.3; Yeh et al. 2019 (1901.09392); Sundararajan et al. 2017 "
    "(1703.01365); Zhang et al. 2016 (1608.00507); Adebayo et al. 2018 (1810.03292).",
    shows="How far a map can be believed, for this model and these images: what is no better than a random map or a "
    "Gaussian in the middle, or stays when the weights go, says nothing of the model.",
    hides="Each measure asks something else, and none asks whether a map is what a person would draw; photographs have "
    "their object in the middle, so the Gaussian is hard to beat. Images with pixels gone are none the network knows.",
    cost="Per map 6 · (removals + 1) forward passes for both curves, `perturbations` for infidelity, and "
    "`neighbors` + `randomizations` runs of the method.",
)


@answers(JudgeRequest, card=_CARD)
def judge(run: Run, request: JudgeRequest) -> Figure:
    """Judge a method's maps, or the caller's own, by each measure; the progress tells measures of maps.

    What is explained is chosen on the images as they are, and stays.
    """
    check(request)
    wanted = measures_of(request)
    x = prepared(run, request.images)
    quiet = Run(run.engine, control=replace(run.control, progress=None), seed=run.seed)
    explainer = explainer_of(request)
    maps, subjects = explained(quiet, request, x)
    scores, measures = Scores(), [name for name in wanted if name != "randomization"]
    stages = request.randomizations if len(measures) < len(wanted) else 0
    total, done = len(measures) * len(subjects) + stages, 0
    for subject in subjects:
        trial = Trial(request=request, subject=subject, scores=scores, explainer=explainer, images=len(x))
        for name in measures:
            getattr(trial, name)()
            done += 1
            run.control.tell(done, total)
    alike = Curves()
    if stages and explainer is not None:
        for share, found in cascade(quiet, subjects, explainer.plane, stages=stages, seed=request.trial):
            alike.add(share, found)
            done += 1
            run.control.tell(done, total)
        if done < total:  # stages that are the same are one
            run.control.tell(total, total)
        if alike.is_empty:
            run.note(
                NO_WEIGHTS,
                "No layer with weights that are stored in the file lies below the target: none was randomized.",
            )
        else:
            scores.add_all("randomization", LOWER, {MAP: alike.last, RANDOM: [1.0], GAUSSIAN: [1.0]})
    if not all(subject.values.any() for subject in subjects):
        run.note(MAP_IS_EMPTY, "A map that is 0 everywhere has no order: it is judged as a random one.")
    for note in quiet.notes:
        run.note(note.id, str(note))
    return _figure(run, request, maps, scores, alike)


def _figure(run: Run, request: JudgeRequest, maps: Maps, scores: Scores, alike: Curves) -> Figure:
    what = request.method if request.map is None else "the given map"
    count = f", mean of {len(maps.maps)} maps" if len(maps.maps) > 1 else f" of {maps.targets[0]}"
    answer = "probability" if maps.targets[0].kind == "class" else "value"
    table = scores.table(title=f"{what}{count}, beside a random map and a Gaussian in the middle")
    panels = [Panel(title="measures", result=table, caption="A map is worth no more than what it beats.")]
    panels += panel(
        "deletion",
        scores.series("deletion", x_label="share of the pixels deleted", y_label=answer, title="Deletion"),
        f"Pixels become {request.deleted}, the most important first: a good map falls fast.",
    )
    panels += panel(
        "insertion",
        scores.series("insertion", x_label="share of the pixels inserted", y_label=answer, title="Insertion"),
        f"Pixels come onto what is {request.hidden}, the most important first: a good map rises fast.",
    )
    panels += panel(
        "randomization", alike.series(), "Weights are shuffled from the top: a map of the model changes."
    )
    panels.append(Panel(title="maps", result=replace(maps, notes=()), caption=maps.caution or ""))
    return Figure(panels=tuple(panels), title=f"Can {what} be believed?", notes=run.notes)
