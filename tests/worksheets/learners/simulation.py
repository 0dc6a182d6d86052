"""Work a sheet as one learner does: the right lines but for the learner's own, rounded as printed, and carried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .workings import WORKINGS

Values = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """One typed answer and what it is: right, first wrong, or carried on."""

    number: int
    text: str
    expected: str


def _softmax(z: Any) -> Any:
    powers = np.exp(z)
    return powers / powers.sum(axis=0, keepdims=True)


TOOLS = {
    "relu": lambda z: np.maximum(z, 0.0),
    "on": lambda z: (np.asarray(z) > 0).astype(float),
    "rows": lambda m: np.asarray(m).sum(axis=1, keepdims=True),
    "softmax": _softmax,
    **{
        name: getattr(np, name)
        for name in "exp log log2 log10 tan tanh sqrt sum mean abs sign where argmin zeros ones diag eye".split()
    },
}


def rounded(value: Any, digits: int) -> Any:
    """Halves away from zero, as on paper."""
    scaled = np.asarray(value, dtype=float) * 10**digits
    return np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 + 1e-7) / 10**digits


def text_of(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def decimals(values: Any) -> int:
    """The most decimals among printed values, three at least."""
    most = 3
    for value in np.ravel(values):
        text = f"{float(value):.9f}".rstrip("0")
        most = max(most, min(len(text.split(".")[1]), 8))
    return most


def plain(name: str) -> str:
    return name.replace("/", "_")


def cell_of(name: str) -> tuple[str, tuple[int, ...]]:
    if not name.endswith("]"):
        return plain(name), ()
    base, inside = name[:-1].split("[")
    return plain(base), tuple(int(part) - 1 for part in inside.split(","))


class Work:
    """One item of a sheet, worked by one learner."""

    def __init__(self, sheet: Any, item: int, slug: str) -> None:
        self.blanks = [blank for blank in sheet.blanks if blank.item == item]
        self.cells = {cell_of(b.name): b for b in self.blanks if b.kind == "cell"}
        self.kind = f"{slug}/{sheet.items[item].exercise.name}"
        named = sheet.items[item].by_name
        self.key: Values = {plain(k): np.asarray(v, dtype=float) for k, v in named.items()}
        self.digits = decimals(np.concatenate([np.ravel(v) for v in self.key.values()]))
        self.values = {name: value.copy() for name, value in self.key.items()}
        self.fresh: Values = {}  # what the right line gives on the learner's own values
        self.own: set[str] = set()

    def evaluate(self, expression: str) -> Any:
        with np.errstate(all="ignore"):
            return eval(expression, dict(TOOLS), self.values)

    def run(self, lines: list[str], slip: Any = None) -> list[Answer] | None:
        """Work all lines; None when a line cannot be worked (a division by 0, a shape that does not fit)."""
        own = dict(line.split(" = ", 1) for line in lines)
        for line in WORKINGS[self.kind]:
            name, right = line.split(" = ", 1)
            if name not in self.values:
                continue
            wanted = self.shaped(name, self.evaluate(right))
            written = wanted
            if name in own:
                try:
                    written = self.shaped(name, self.evaluate(own[name]))
                except ValueError:
                    return None
                if not np.isfinite(written).all():
                    return None
            if not np.isfinite(written).all():
                return None
            written = rounded(written, self.digits)
            if slip is not None:
                written = slip(self, name, written)
            self.fresh[name] = wanted
            self.write(name, written)
        return self.answers()

    def shaped(self, name: str, value: Any) -> Any:
        target = self.key[name].shape
        value = np.asarray(value, dtype=float)
        if value.shape == target:
            return value
        if value.size == 1:
            return np.full(target, value.reshape(())) if target else value.reshape(())
        if value.size == self.key[name].size:
            return value.reshape(target)
        raise ValueError(name)

    def write(self, name: str, written: Any) -> None:
        for cell in np.ndindex(self.key[name].shape):
            if (name, cell) in self.cells:
                self.values[name][cell] = written[cell]

    def answers(self) -> list[Answer]:
        found = []
        for blank in self.blanks:
            if blank.kind != "cell":
                answer = blank.answer
                text = str(answer) if isinstance(answer, str) else text_of(float(answer), 3)
                found.append(Answer(blank.number, text, "right"))
                continue
            name, cell = cell_of(blank.name)
            typed = float(self.values[name][cell])
            found.append(Answer(blank.number, text_of(typed, self.digits), self.expected(name, cell, typed)))
        return found

    def expected(self, name: str, cell: tuple[int, ...], typed: float) -> str:
        unit = 10.0**-self.digits
        if abs(typed - float(self.key[name][cell])) <= 0.01 * unit:
            return "right"
        if name not in self.fresh:
            return "right"
        wanted = float(self.fresh[name][cell])
        return "carried" if abs(typed - wanted) <= 0.51 * unit + 1e-9 * abs(wanted) else "mistake"
