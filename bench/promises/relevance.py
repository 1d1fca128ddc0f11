"""How right the answers are (rows `relevance.*`); the bars are those of the issue."""

from functools import partial

from bench import relevance
from bench.promise import Promise, shared

SETS = ("household", "grocery", "clothing")

_sets = {name: shared(partial(relevance.measured_on, name)) for name in SETS}
_onnx = {name: shared(partial(relevance.with_model, name)) for name in SETS}
_crowded = shared(relevance.among_distractors)
_demo = shared(relevance.demo)
_learned = {name: shared(partial(relevance.learned, name)) for name in ("clothing", "grocery", "demo")}
_tuning = shared(relevance.tuning)
_eyes = shared(relevance.eyes)

PROMISES = [
    Promise("relevance.grocery.top1", "at least", 0.35, "", _sets["grocery"]("hit@1")),
    Promise("relevance.grocery.top5", "at least", 0.66, "", _sets["grocery"]("hit@5")),
    Promise("relevance.household.top1", "at least", 0.77, "", _sets["household"]("hit@1")),
    Promise("relevance.household.top5", "at least", 0.90, "", _sets["household"]("hit@5")),
    Promise("relevance.household_2000.top1", "at least", 0.70, "", _crowded("hit@1")),
    Promise("relevance.household_2000.top5", "at least", 0.85, "", _crowded("hit@5")),
    Promise("relevance.clothing.type1", "at least", 0.36, "", _sets["clothing"]("hit@1")),
    Promise("relevance.clothing.type5", "at least", 0.70, "", _sets["clothing"]("hit@5")),
    Promise("relevance.onnx.grocery.top1", "at least", 0.46, "", _onnx["grocery"]("hit@1")),
    Promise("relevance.onnx.grocery.top5", "at least", 0.80, "", _onnx["grocery"]("hit@5")),
    Promise("relevance.onnx.household.top1", "at least", 0.87, "", _onnx["household"]("hit@1")),
    Promise("relevance.onnx.household.top5", "at least", 0.97, "", _onnx["household"]("hit@5")),
    Promise("relevance.onnx.clothing.type1", "at least", 0.40, "", _onnx["clothing"]("hit@1")),
    Promise("relevance.onnx.clothing.type5", "at least", 0.76, "", _onnx["clothing"]("hit@5")),
    Promise("relevance.demo.hit@1", "at least", 0.85, "", _demo("hit@1")),
    Promise("relevance.demo.hit@10", "at least", 0.98, "", _demo("hit@10")),
    Promise("relevance.demo.type", "at least", 0.95, "", _demo("type_accuracy")),
    Promise("relevance.demo.not_sold", "at least", 0.92, "", _demo("no_match_recall")),
    Promise("relevance.demo.ece", "at most", 0.05, "", _demo("ece")),
    Promise("relevance.demo.exact", "at least", 0.95, "similar", _demo("exact")),
    Promise("relevance.learned.clothing.type1", "at least", 0.03, "gained", _learned["clothing"]("hit@1 gained")),
    Promise("relevance.learned.clothing.type5", "at least", 0.03, "gained", _learned["clothing"]("hit@5 gained")),
    Promise("relevance.learned.grocery.top5", "at least", -0.01, "gained", _learned["grocery"]("hit@5 gained")),
    Promise("relevance.learned.demo.hit@1", "at least", 0.0, "gained", _learned["demo"]("hit@1 gained")),
    Promise("relevance.learned.demo.not_sold", "at least", 0.92, "", _learned["demo"]("no_match_recall")),
    Promise("relevance.learned.demo.ece", "at most", 0.05, "", _learned["demo"]("ece")),
    Promise("relevance.eyes.look", "at most", 60, "ms", _eyes("ms")),
    Promise("relevance.eyes.files", "at most", 8, "MB", _eyes("mb")),
    Promise("relevance.tune.seconds", "at most", 60, "s", _tuning("seconds")),
    Promise("relevance.tune.gain", "at least", 0.0, "nDCG@10", _tuning("gain, high")),
    Promise("relevance.judged_photos", "at least", 200, "", relevance.judged_photos),
]
