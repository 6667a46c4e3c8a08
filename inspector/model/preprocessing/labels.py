"""Names of the classes, from the caller, the model's metadata or a file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inspector.errors import InspectorError, InvalidInputError, InvalidModelError, in_brief
from inspector.model.checks.limits import Limits, require_at_most
from inspector.model.preprocessing.literals import names_in
from inspector.model.preprocessing.sidecars import read_json, read_text
from inspector.model.preprocessing.sources.sidecars import OWN_FILE, own_file
from inspector.types.given import as_labels

OWN_KEY = "inspector.labels"
LABEL_FILES = ("labels.txt", "synset.txt", "imagenet_classes.txt", "classes.txt")

Labels = tuple[str, ...]


def labels_given(
    given: Sequence[str] | None, *, classes: int | None, has_background: bool = False
) -> Labels | None:
    """Return a caller's labels; InvalidInputError where there is not one for each class."""
    labels = as_labels(given)
    if not labels:
        return None
    problem = _mismatch(labels, classes, has_background=has_background)
    if problem is not None:
        raise InvalidInputError(f"{len(labels)} labels are given; {problem}", field="labels")
    return labels


def find_labels(
    metadata: Mapping[str, str],
    folder: Path | None,
    in_graph: Labels | None = None,
    *,
    classes: int | None,
    has_background: bool = False,
    limits: Limits,
) -> Labels | None:
    """Return one name per class, or None.

    In this order: `inspector.json` ("labels") beside the file, metadata_props `inspector.labels` (a JSON list),
    Ultralytics' `names`, those `in_graph`, beside the file Hugging Face's config.json ("id2label"), and text files with
    one name per line. InvalidModelError for labels that were written for us and do not fit the classes, and for a text
    file beside this model alone that has other than one line per class; what may belong to other models is passed over.
    LimitExceededError for more or longer names than `limits` allow.
    """
    found = _found(metadata, folder, in_graph, limits, classes=classes, has_background=has_background)
    if found is not None:
        require_at_most(len(found), limits, what="The number of labels", name="max_labels")
        longest = max(map(len, found))
        require_at_most(longest, limits, what="The length of the longest label", name="max_name_bytes")
    return found


def _found(
    metadata: Mapping[str, str],
    folder: Path | None,
    in_graph: Labels | None,
    limits: Limits,
    *,
    classes: int | None,
    has_background: bool,
) -> Labels | None:
    for where, written in _written(metadata, folder, limits):
        problem = _mismatch(written, classes, has_background=has_background)
        if problem is not None:
            raise _unfitting(f"{where} has {len(written)} labels; {problem}")
        return written
    for found in (_ultralytics(metadata, limits), in_graph):
        if found is not None and _mismatch(found, classes, has_background=has_background) is None:
            return found
    if folder is None or classes is None:
        return None
    return _beside(folder, classes, limits, has_background=has_background)


def _written(
    metadata: Mapping[str, str], folder: Path | None, limits: Limits
) -> Iterator[tuple[str, Labels]]:
    """Yield what was written for us, the file beside the model first, and where it stands."""
    if folder is not None:
        labels = own_file(folder, limits=limits).get("labels")
        if labels is not None:
            yield OWN_FILE, _list(labels, where=f"{OWN_FILE}: labels")
    text = metadata.get(OWN_KEY)
    if text is not None:
        where = f"metadata_props {OWN_KEY}"
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _unfitting(f"{where} is no JSON: {error}.") from error
        yield where, _list(value, where=where)


def _list(value: object, *, where: str) -> Labels:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise _unfitting(f"{where} is {in_brief(value)}; it must be a list of names, one per class.")
    return tuple(value)


def _beside(folder: Path, classes: int, limits: Limits, *, has_background: bool) -> Labels | None:
    """Return the names of the first file of others that has one per class.

    A text file is about this model where there is no other; the config.json of an embedding may be its classifier's.
    """
    config = read_json(folder / "config.json", limits=limits, ours_by=("id2label",))
    texts = [*(folder / name for name in LABEL_FILES), *sorted(folder.glob("*.names"))]
    found = {
        "config.json": _by_index(config.get("id2label")),
        **{path.name: _lines(path, limits) for path in texts},
    }
    named = {name: labels for name, labels in found.items() if labels}
    for labels in named.values():
        if len(labels) in (classes, classes - has_background):
            return labels
    is_alone = len(list(folder.glob("*.onnx"))) == 1
    for name, labels in named.items():
        if abs(len(labels) - classes) == 1 or (is_alone and name != "config.json"):
            problem = _mismatch(labels, classes, has_background=has_background)
            raise _unfitting(f"{name} beside the model has {len(labels)} labels; {problem}")
    return None


def written_labels(metadata: Mapping[str, str], *, limits: Limits) -> Labels | None:
    """Return the names that the file itself says, however many there are."""
    try:
        value = json.loads(metadata.get(OWN_KEY, "null"))
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return tuple(value)
    return _ultralytics(metadata, limits)


def _mismatch(labels: Sequence[str], classes: int | None, *, has_background: bool) -> str | None:
    """Return what is wrong with the number of labels, and how it is mended; None where nothing is.

    A background, where one of the classes is known for it, need not have a name.
    """
    if classes is None or len(labels) in (classes, classes - has_background):
        return None
    says = f"the model has {classes} classes: give one label for each."
    if len(labels) == classes + 1:
        first = f" (here {labels[0]!r})" if labels else ""
        says += f" If the first{first} is the background, which this model has no class for, leave it out."
    if len(labels) == classes - 1:
        says += (
            " If its first class is the background, as in models of TensorFlow, begin with a label for that."
        )
    return says


def _unfitting(text: str) -> InspectorError:
    return InvalidModelError(f"{text} Mend it or remove it.", field="labels")


def _ultralytics(metadata: Mapping[str, str], limits: Limits) -> Labels | None:
    """Ultralytics writes a Python dict literal, {0: 'person', 1: 'bicycle'}, under "names"."""
    return names_in(metadata.get("names", ""), most=limits.max_labels)


def _by_index(value: object) -> Labels | None:
    if not isinstance(value, dict) or not value:
        return None
    try:
        by_index = {int(key): str(name) for key, name in value.items()}
    except (TypeError, ValueError):
        return None
    if sorted(by_index) != list(range(len(by_index))):
        return None
    return tuple(by_index[index] for index in range(len(by_index)))


def _lines(path: Path, limits: Limits) -> Labels | None:
    text = read_text(path, limits=limits)
    return None if text is None else tuple(line.strip() for line in text.splitlines() if line.strip())
