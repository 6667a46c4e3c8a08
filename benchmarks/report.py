"""The measurements as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.models import SAMPLED
from benchmarks.protocol import SAME

Row = Sequence[str]


def markdown(results: Mapping[str, Any]) -> str:
    """Return all tables, with what they were measured on."""
    models, where = results["models"], results["environment"]
    parts = [
        "# Benchmarks",
        f"{where['processor']}, {where['threads']} threads on each side; "
        + ", ".join(f"{name} {version}" for name, version in where["versions"].items())
        + f". Medians in milliseconds, contenders in turn; in parentheses the fastest runs; {where['date']}.",
        "## Forward + backward ÷ forward",
        _backward(models),
        *_unable(models),
        "## One image: medians, and the fastest runs",
        _speed(models),
        "## Occlusion",
        _occlusion(models),
        "## Start: seconds until a session, and its first calls",
        _start(models),
        "## Memory: largest resident set, MiB",
        _memory(models),
    ]
    if "wire" in results:
        parts += ["## gRPC's share of a call", wire_text(results["wire"])]
    if "starts" in results:
        parts += ["## Start of a process: seconds, of CPU and on the clock", _starts(results["starts"])]
    return "\n\n".join(parts) + "\n"


def wire_text(wire: Mapping[str, Any]) -> str:
    """Return what a call over gRPC takes, and how much of that is gRPC's."""
    return (
        f"{wire['model']}, a 224×224 float32 tensor, loopback: {wire['remote']:.2f} ms remote, "
        f"{wire['in process']:.2f} ms in process, median of the differences **{wire['share']:.2f} ms** "
        f"over {wire['calls']:.0f} pairs. A bare gRPC echo of as many bytes, behind the same prediction in process: "
        f"{wire['echo']:.2f} ms, which is the least that a call can add."
    )


FLOOR = 2.0
"""By arithmetic: the gradient of a convolution by what it reads is as much work as the convolution."""


def _backward(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "ORT forward, ms",
        "before",
        "now",
        "now, kernels",
        "floor",
        "Captum",
        "onnx-ad",
        "Captum ÷ ours: saliency",
        "deconvnet",
        "with kernels: saliency",
        "deconvnet",
    )
    rows = []
    for each in models:
        times = each["milliseconds"]
        forward = times["ort forward"]
        rows.append(
            (
                each["model"],
                _ms(forward["median"]),
                *(
                    _ratios(times.get(f"{label} saliency"), forward)
                    for label in ("before", "ours", "kernels")
                ),
                f"{FLOOR:.1f}",
                *(_ratios(times.get(f"{peer} saliency"), forward) for peer in ("captum", "onnx-ad")),
                *(
                    _ratios(times.get(f"captum {method}"), times.get(f"{label} {method}"))
                    for label in ("ours", "kernels")
                    for method in ("saliency", "deconvnet")
                ),
            )
        )
    return _table(header, rows)


def _unable(models: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return why contenders have no figures for a model."""
    return [
        f"{each['model']} by {label}: {reason}"
        for each in models
        for label, reason in each.get("unable", {}).items()
    ]


def _speed(models: Iterable[Mapping[str, Any]]) -> str:
    lanes = (
        "ort forward",
        "ours forward",
        "ours saliency",
        "kernels saliency",
        "ours deconvnet",
        "kernels deconvnet",
        "captum forward",
        "captum saliency",
        "captum deconvnet",
        "onnx-ad saliency",
    )
    rows = []
    for each in models:
        times = each["milliseconds"]
        cells = (
            f"{_ms(times[lane]['median'])} ({_ms(times[lane]['min'])})" if lane in times else "–"
            for lane in lanes
        )
        rows.append((each["model"], *cells))
    return _table(("model", *(lane.replace("ort", "ORT") for lane in lanes)), rows)


def _occlusion(models: Sequence[Mapping[str, Any]]) -> str:
    rows: list[Row] = []
    for each in models:
        if "occlusion_milliseconds" not in each:
            continue
        times = {label: found["median"] for label, found in each["occlusion_milliseconds"].items()}
        rows += [
            (
                each["model"] + loop.removeprefix("ort"),
                str(each["positions"]),
                _ms(times[loop]),
                _ms(times["ours"]),
                _ratio(times[loop], times.get("before")),
                _ratio(times[loop], times["ours"]),
            )
            for loop in ("ort", f"ort{SAME}")
            if loop in times
        ]
        if "dense" in each:
            rows.append(dense_row(each["model"], each["dense"]))
    header = ("model", "positions", "plain ORT loop", "ours", "loop ÷ ours: before", "now")
    sampled = next((f"\n\n{_SAMPLED}" for each in models if "dense" in each), "")
    return _table(header, rows) + sampled


_SAMPLED = (
    f"Of the sweep with its own stride the loop runs {SAMPLED} positions, and is scaled to all of them."
)


def dense_row(model: str, dense: Mapping[str, float]) -> Row:
    """Return the row of a dense sweep."""
    return (
        f"{model}, stride {dense['stride']:.0f}",
        f"{dense['positions']:.0f}",
        _ms(dense["ort"]),
        _ms(dense["ours"]),
        "–",
        _ratio(dense["ort"], dense["ours"]),
    )


def _start(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "file, MiB",
        "ORT session",
        "+ forward",
        "ours load",
        "+ prediction",
        "+ saliency",
        "+ deconvnet",
        "+ guided",
        "first map ÷ ORT",
    )
    rows = []
    for each in models:
        ort, ours = each["start_seconds"]["ort"], each["start_seconds"]["ours"]
        first_map = ours["open"] + ours.get("forward", 0.0) + ours["saliency"]
        rows.append(
            (
                each["model"],
                f"{each['file_mib']:.1f}",
                f"{ort['open']:.2f}",
                f"{ort['forward']:.2f}",
                f"{ours['open']:.2f}",
                *(_number(ours.get(task), 2) for task in ("forward", "saliency", "deconvnet", "guided")),
                _ratio(first_map, ort["open"] + ort["forward"]),
            )
        )
    return _table(header, rows)


def _starts(starts: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        (name, *(f"{seconds[kind]:.2f}" for kind in ("cpu_min", "cpu", "clock")))
        for name, seconds in starts.items()
    ]
    return _table(("what", "CPU, least", "CPU, median", "clock, median"), rows)


def _memory(models: Iterable[Mapping[str, Any]]) -> str:
    header = (
        "model",
        "file",
        "ORT libraries",
        "ORT forward",
        "÷ file",
        "ours libraries",
        "ours prediction",
        "ours saliency",
        "ours all",
        "÷ file",
        "Captum libraries",
        "Captum all",
        "÷ file",
    )
    rows = []
    for each in models:
        file, memory = each["file_mib"], each["memory_mib"]
        ort, ours, captum = memory["ort"], memory["ours"], memory.get("captum", {})
        rows.append(
            (
                each["model"],
                f"{file:.1f}",
                f"{ort['libraries']:.0f}",
                f"{ort['forward']:.0f}",
                _beyond_libraries(ort, "forward", file),
                f"{ours['libraries']:.0f}",
                *(_number(ours.get(task), 0) for task in ("forward", "saliency", "all")),
                _beyond_libraries(ours, "all", file),
                _number(captum.get("libraries"), 0),
                _number(captum.get("all"), 0),
                _beyond_libraries(captum, "all", file),
            )
        )
    return _table(header, rows)


def _beyond_libraries(memory: Mapping[str, float], task: str, file: float) -> str:
    """Return how many bytes a process takes beyond its libraries for each byte of the model's file."""
    return f"{(memory[task] - memory['libraries']) / file:.1f}" if memory else "–"


def _table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _ms(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds:.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}"


def _ratios(numerator: Mapping[str, float] | None, denominator: Mapping[str, float] | None) -> str:
    """Return the ratio of the medians, and of the fastest runs in parentheses."""
    if numerator is None or denominator is None:
        return "–"
    median, best = (_ratio(numerator[kind], denominator[kind]) for kind in ("median", "min"))
    return f"{median} ({best})"


def _ratio(numerator: float | None, denominator: float | None) -> str:
    return "–" if numerator is None or denominator is None else f"{numerator / denominator:.2f}"
