"""Layers written out as formulas, so that a network and a formula go the same way through everything.

z1 = X @ W1 + b1        layout = "rows":    X (rows, inputs), W (inputs, units), b (units,)
a1 = relu(z1)
z2 = a1 @ W2 + b2       layout = "columns": z1 = W1 @ X + b1, X (inputs, rows), W (units, inputs), b (units, 1)
loss = mean((z2 - Y)^2)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwork.descent.starts import Stream
from gradwork.errors import ModelError
from gradwork.graph.formula import Program, parse_program
from gradwork.models import values
from gradwork.models.bind import Data
from gradwork.models.text import ModelText, Path
from gradwork.models.values import Array

ACTIVATIONS = ("linear", "none", "relu", "tanh", "sigmoid", "softplus", "softmax")
LOSSES = ("mse", "softmax cross-entropy")
_KEYS = ("units", "activation", "weights", "bias", "init", "scale")


@dataclass
class Layered:
    """Layers as they are written out: the lines so far, their parameters and data, and what was decided."""

    lines: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, float | Array] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def program(self) -> Program:
        """The lines as a program."""
        return parse_program(self.lines, "<layers>")


def write_out(text: ModelText, tables: dict[str, Any], data: Data, stream: Stream) -> Layered:
    """The formulas, parameters and data of a model of layers. Raises ModelError and DataError."""
    layers = text.take(tables, "layer", list, "a list of tables")
    loss = text.take(tables, "loss", str, "a text") or "mse"
    if loss not in LOSSES:
        raise values.unknown(text, ("loss",), loss, LOSSES)
    if not layers or not all(isinstance(layer, dict) for layer in layers):
        raise text.error(("layer",), "layer has to be a list of tables", "each layer is a table [[layer]]", "[[layer]]")
    names = [text.take(tables, key, str, "a text") or usual for key, usual in (("inputs", "X"), ("targets", "Y"))]
    _check_data(text, tables, data, names)
    data.prepare(names)
    rows = data.layout == "rows"
    done = Layered()
    inputs = _matrix(np.asarray(data.numbers(names[0])), rows)
    done.data[names[0]] = inputs
    value, width = names[0], inputs.shape[1 if rows else 0]
    for position, layer in enumerate(layers):
        value, width = _layer(text, layer, position, (value, width), done, stream, rows)
        _activate(text, layer, position, position == len(layers) - 1, loss, done, rows)
        value = f"a{position + 1}" if f"a{position + 1}" in done.lines else value
    targets = _targets(text, data, names[1], loss, width, inputs.shape[0 if rows else 1], done)
    done.data[names[1]] = targets
    done.lines |= _loss_lines(loss, value, names[1], 1 if rows else 0)
    return done


def _loss_lines(loss: str, value: str, targets: str, axis: int) -> dict[str, str]:
    if loss == "mse":
        return {"loss": f"mean(({value} - {targets})^2)"}
    return {"logp": f"log_softmax({value}, axis={axis})", "loss": f"-mean(sum({targets}*logp, axis={axis}))"}


def _check_data(text: ModelText, tables: dict[str, Any], data: Data, names: list[str]) -> None:
    for key, name in zip(("inputs", "targets"), names, strict=True):
        text.check_name(name, (key,))
        if name not in data.names:
            known = f"the data has {', '.join(data.names)}" if data.names else "the model has no data"
            raise text.error(
                (key,) if key in tables else ("layer", 0),
                f"there is no data for {name}, the {key} of the layers",
                known,
                f'[columns] with {name} = ["column", ...], or {key} = "..." with another name',
            )


def _matrix(array: Array, rows: bool) -> Array:
    """A column as a matrix with one column (or one row, in the other layout)."""
    if array.ndim == 0:
        return array.reshape(1, 1)
    return (array[:, None] if rows else array[None, :]) if array.ndim == 1 else array


def _layer(
    text: ModelText,
    layer: dict[str, Any],
    position: int,
    before: tuple[str, int],
    done: Layered,
    stream: Stream,
    rows: bool,
) -> tuple[str, int]:
    """Write out `z = ... @ W + b`. Gives its name, and how many units it has."""
    path: Path = ("layer", position)
    text.check_keys(layer, _KEYS, path, "of a layer")
    number, (value, width) = position + 1, before
    weights = values.array(text, layer["weights"], (*path, "weights")) if "weights" in layer else None
    units = _units(text, layer, weights, path, rows)
    shape = (width, units) if rows else (units, width)
    if weights is None:
        init, scale = values.random_kind(text, layer, path)
        weights = stream.draw(shape, init, scale, (width, units))
    elif weights.shape != shape:
        raise _misfit(text, path, number, weights.shape, shape, rows)
    done.parameters[f"W{number}"] = weights
    product = f"{value} @ W{number}" if rows else f"W{number} @ {value}"
    if layer.get("bias") is False:
        done.lines[f"z{number}"] = product
    else:
        done.parameters[f"b{number}"] = _bias(text, layer, units, path, rows)
        done.lines[f"z{number}"] = f"{product} + b{number}"
    return f"z{number}", units


def _units(text: ModelText, layer: dict[str, Any], weights: Array | None, path: Path, rows: bool) -> int:
    units = text.take(layer, "units", int, "a whole number", path)
    if units is None and weights is not None and weights.ndim == 2:
        return int(weights.shape[1 if rows else 0])
    if units is None:
        raise text.error(path, f"layer {int(path[1]) + 1} has no units", "a layer needs a size", "units = 3")
    if not 1 <= units <= 100_000:
        raise text.error((*path, "units"), f"a layer cannot have {units} units", "from 1 to 100,000 are possible")
    return int(units)


def _misfit(
    text: ModelText, path: Path, number: int, given: tuple[int, ...], needed: tuple[int, ...], rows: bool
) -> ModelError:
    shape, product = ("(inputs, units)", "X @ W") if rows else ("(units, inputs)", "W @ X")
    why = f"weights have the shape {shape} in this layout, where Z = {product} + b"
    other = "columns" if rows else "rows"
    exchanged = f'rows and columns of the weights exchanged, or layout = "{other}"'
    hint = exchanged if given == needed[::-1] else f"{needed[0]} rows of {needed[1]} numbers"
    return text.error((*path, "weights"), f"W{number} has shape {given}, and {needed} is needed", why, hint)


def _bias(text: ModelText, layer: dict[str, Any], units: int, path: Path, rows: bool) -> Array:
    given = layer.get("bias", True)
    bias = np.zeros(units) if given is True else values.array(text, given, (*path, "bias")).ravel()
    if bias.shape != (units,):
        why = "each unit has one bias"
        raise text.error(
            (*path, "bias"), f"the layer has {units} units and {bias.size} biases", why, "one for each unit"
        )
    return bias if rows else bias[:, None]


def _activate(
    text: ModelText, layer: dict[str, Any], position: int, last: bool, loss: str, done: Layered, rows: bool
) -> None:
    """Write out `a = relu(z)`, where the layer has an activation."""
    path: Path = ("layer", position)
    name = text.take(layer, "activation", str, "a text", path) or "linear"
    if name not in ACTIVATIONS:
        raise values.unknown(text, (*path, "activation"), name, ACTIVATIONS)
    if name == "softmax" and not last:
        why = "softmax makes the shares of classes, which add up to 1"
        raise text.error((*path, "activation"), "softmax stands in the last layer only", why, 'activation = "relu"')
    if last and loss == "softmax cross-entropy":
        if name not in ("softmax", "linear", "none"):
            why = "the cross-entropy takes the scores before the softmax, and applies the softmax itself"
            headline = f"{name} cannot stand before softmax cross-entropy"
            raise text.error((*path, "activation"), headline, why, 'activation = "softmax"')
        return
    if name not in ("linear", "none"):
        axis = f", axis={1 if rows else 0}" if name == "softmax" else ""
        done.lines[f"a{position + 1}"] = f"{name}(z{position + 1}{axis})"


def _targets(text: ModelText, data: Data, name: str, loss: str, width: int, count: int, done: Layered) -> Array:
    rows = data.layout == "rows"
    path = ("columns", name) if name in data.columns else ("data", name)
    if loss == "mse":
        targets = _matrix(np.asarray(data.numbers(name)), rows)
    else:
        targets = data.labels(name)
        if targets.ndim == 1 or (1 in targets.shape and width > 1 and targets.dtype != object):
            one_hot, classes = _one_hot(text, targets.ravel(), width, path)
            done.notes.append("classes: " + ", ".join(f"{i + 1} is {label}" for i, label in enumerate(classes)))
            targets = one_hot if rows else one_hot.T.copy()
    needed = (count, width) if rows else (width, count)
    if targets.shape != needed:
        why = f"the last layer has {width} unit{'s' if width > 1 else ''}, and there are {count} rows of inputs"
        raise text.error(
            path, f"{name} has shape {targets.shape}, and {needed} is needed", why, f"{name} of shape {needed}"
        )
    return targets


def _one_hot(text: ModelText, labels: Array, width: int, path: Path) -> tuple[Array, list[Any]]:
    """One column for each class, in the order of the labels; a row has a 1 in the column of its class."""
    if labels.dtype != object:
        if (labels != np.floor(labels)).any():
            odd = labels[labels != np.floor(labels)][0]
            why = "classes are whole numbers, or text"
            raise text.error(
                path, f"{path[-1]} holds {odd:g}, which names no class", why, 'whole numbers, or loss = "mse"'
            )
        labels = labels.astype(np.int64)
    classes = sorted(set(labels.tolist()))
    if labels.dtype != object and classes[0] >= 0 and classes[-1] < width:
        classes = list(range(width))
    if len(classes) != width:
        listed = ", ".join(map(str, classes[:8])) + (" ..." if len(classes) > 8 else "")
        why = f"the classes are {listed}, and each needs a unit of its own in the last layer"
        raise text.error(
            path, f"{len(classes)} classes meet {width} units", why, f"units = {len(classes)} in the last layer"
        )
    position = {label: i for i, label in enumerate(classes)}
    one_hot = np.zeros((len(labels), width))
    one_hot[np.arange(len(labels)), [position[label] for label in labels.tolist()]] = 1.0
    return one_hot, classes


def check_alone(text: ModelText, tables: dict[str, Any]) -> None:
    """Raise ModelError for keys that layers leave no place for."""
    for key in ("lines", "parameters"):
        if key in tables:
            why = "layers are written out as formulas of their own, with parameters W1, b1, W2, b2"
            hint = "weights and bias in the [[layer]] itself" if key == "parameters" else "either [lines] or [[layer]]"
            raise text.error((key,), f"[{key}] cannot stand beside [[layer]]", why, hint)
