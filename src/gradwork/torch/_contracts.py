"""What torch takes for granted of a backward, beside its numbers: each is tried out, and what is broken is named.

It uses what comes back to it, and in proportion; gives the same twice; writes into nothing that it was given; gives one
gradient for every input; and does not depend on how numbers lie in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from gradwork.check.cause import Finding
from gradwork.check.promises import broken, listed
from gradwork.check.vacuous import Caution
from gradwork.torch._subject import OTHER_WEIGHTS, Gradients, Raw, Subject
from gradwork.torch._tensors import close, named, same, scattered, size_of


def broken_promises(subject: Subject) -> Iterator[Finding]:
    """Everything that is broken, most telling first."""
    spoiled = list(_changes(subject))[:1] or list(_not_repeatable(subject))
    yield from spoiled
    if not spoiled:
        yield from _ignores_upstream(subject)
        yield from _layout(subject)
    if subject.raw is not None:
        yield from _wrong_kind(subject, subject.raw)


def _changes(subject: Subject) -> Iterator[Finding]:
    """What was written into: an input, or what came back."""
    before, given = subject.point, subject.point
    with torch.no_grad():
        given_back = {o.data_ptr() for o in subject.forward(given)}
    names = [n for n, v in given.items() if not same(v, before[n]) and v.data_ptr() not in given_back]
    if names:
        yield broken(
            "GW238", f"the forward pass writes into {listed(names)}", names,
            "a caller who uses it afterwards, or another node that saved it, gets other numbers",
            f"work on a copy: {names[0]}.clone(); or ctx.mark_dirty({names[0]}), and return it",
        )  # fmt: skip
        return
    leaves, outputs = subject.recorded(subject.point)
    started = {n: v.detach().clone() for n, v in leaves.items()}
    weights = subject.weights()
    kept = [w.clone() for w in weights]
    subject.pulled(leaves, outputs, weights)
    if any(not same(w, k) for w, k in zip(weights, kept, strict=True)):
        yield broken(
            "GW238", "the backward pass writes into what comes back to it", [],
            "another node of the graph may be handed the same tensor",
            "work on a copy: grad_output.clone()",
        )  # fmt: skip
    names = [n for n, v in leaves.items() if not same(v, started[n])]
    if names:
        yield broken(
            "GW238", f"the backward pass writes into {listed(names)}", names,
            "it is the caller's own tensor, and what comes after is computed with other numbers",
            f"work on a copy: {names[0]}.clone()",
        )  # fmt: skip


def _not_repeatable(subject: Subject) -> Iterator[Finding]:
    """Two ways back from one forward pass."""
    leaves, outputs = subject.recorded(subject.point)
    weights = subject.weights()
    first = _copies(subject.pulled(leaves, outputs, weights, retain_graph=True))
    try:
        second = subject.pulled(leaves, outputs, weights)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            return  # it says itself that it goes back once only
        yield broken(
            "GW238", "the backward pass writes into what the forward pass saved", list(leaves),
            "a second way back through the same graph (retain_graph=True) would start from other numbers",
            "work on a copy of what ctx.saved_tensors gives",
        )  # fmt: skip
        return
    size, digits = size_of(first.values()), _digits(subject)
    names = [n for n in leaves if not close(first[n], second[n], digits, size)]
    if not names:
        return
    yield broken(
        "GW213", f"two ways back from one forward pass give two different results for {listed(names)}", names,
        "something in backward changes from call to call: a mask drawn anew, a saved value that is written into",
        "draw the mask in forward, save it with ctx.save_for_backward, and only read it in backward",
    )  # fmt: skip


def _copies(gradients: Gradients) -> Gradients:
    return {n: None if g is None else g.detach().clone() for n, g in gradients.items()}


def _ignores_upstream(subject: Subject) -> Iterator[Finding]:
    """The same gradient for two different projections of the outputs, or one that does not double with them."""
    if subject.single:
        return
    leaves, outputs = subject.recorded(subject.point)
    weights, others = subject.weights(), subject.weights(OTHER_WEIGHTS)
    try:
        one = _copies(subject.pulled(leaves, outputs, weights, retain_graph=True))
        two = _copies(subject.pulled(leaves, outputs, others, retain_graph=True))
        double = subject.pulled(leaves, outputs, [2 * w for w in weights])
    except RuntimeError:
        return  # it goes back once only
    size, digits = size_of(one.values()), _digits(subject)
    moving = [n for n, g in one.items() if not close(g, None, digits, size)]
    names = [n for n in moving if close(one[n], two[n], digits, 0.0)]
    if names:
        yield broken(
            "GW224", f"what comes back (grad_output) is ignored on the way to {listed(names)}", names,
            "two upstream gradients give the same slopes; they are right only where the loss is the plain sum",
            "multiply the local slope by grad_output",
        )  # fmt: skip
    names = [n for n in moving if n not in names and not _doubled(one[n], double[n], digits, size)]
    if names:
        yield broken(
            "GW224", f"twice what comes back (grad_output) does not give twice the slopes of {listed(names)}", names,
            "a way back is linear: each slope is a sum of what comes back, times numbers that do not depend on it",
            "use grad_output as a factor, once",
        )  # fmt: skip


def _doubled(one: Any, double: Any, digits: float, size: float) -> bool:
    return close(2 * one, double, digits, size)


def _digits(subject: Subject) -> float:
    """To what share of the largest slope two ways to the same gradients agree: sums come in another order."""
    return 1e-7 if subject.wide or not subject.narrow else 1e-2


def _layout(subject: Subject) -> Iterator[Finding]:
    """The same numbers, laid out in memory otherwise: transposed, with gaps."""
    if subject.draws:
        return  # which number is drawn for which entry may go by memory
    usual = subject.backward(subject.point, subject.weights())
    other = usual
    try:
        # Of a module's parameters nobody changes the layout, and some of torch's own layers read them by memory.
        if subject.raw is not None:
            other = subject.backward({n: scattered(v) for n, v in subject.point.items()}, subject.weights())
    except (RuntimeError, TypeError, ValueError):
        other = usual
    try:
        coming = subject.backward(subject.point, [scattered(w) for w in subject.weights()])
    except (RuntimeError, TypeError, ValueError):
        coming = usual
    size, digits = size_of(usual.values()), _digits(subject)
    for found, what, fix in ((other, "inputs", "x"), (coming, "upstream gradients", "grad_output")):
        names = [n for n in usual if not close(found[n], usual[n], digits, size)]
        if names:
            yield broken(
                "GW251", f"{what} that are not contiguous give other slopes for {listed(names)}", names,
                "numbers are read in the order of memory, and a transposed or sliced tensor has another one",
                f"{fix} = {fix}.contiguous() before its memory is used",
            )  # fmt: skip
            return


def refusals(subject: Subject) -> Iterator[Caution]:
    """Layouts that are refused with an error: no wrong number, but a surprise."""
    tries = []
    if subject.raw is not None:
        spread_out = {n: scattered(v) for n, v in subject.point.items()}
        tries.append(("inputs that are not contiguous", spread_out, subject.weights()))
    if not subject.single:
        spread = [torch.ones((), dtype=o.dtype, device=o.device).expand(o.shape) for o in subject.outputs]
        tries.append(("an expanded upstream gradient, as .sum().backward() sends", subject.point, spread))
    for what, point, weights in tries:
        try:
            subject.backward(point, weights)
        except (RuntimeError, TypeError, ValueError) as error:
            hint = ".contiguous() first, or reshape in place of view"
            yield Caution(f"{what}: it stops with {_first_line(error)}", hint)


def _first_line(error: Exception) -> str:
    line = next(iter(str(error).splitlines()), "")
    return f'"{line[:77]}..."' if len(line) > 80 else f'"{line}"'


def _wrong_kind(subject: Subject, raw: Raw) -> Iterator[Finding]:
    """Too few gradients, or None for an input that needs one."""
    found = subject.backward(subject.point, subject.weights())
    returned = raw.returned
    if returned is None:
        return
    if len(returned) < len(raw.names) or any(r is not None for r in returned[len(raw.names) :]):
        yield broken(
            "GW250", f"backward returns {len(returned)} gradients for {len(raw.names)} inputs",
            [n for n in raw.names[len(returned) :] if n is not None] or list(found),
            "torch wants one for each argument of forward, in order",
            "return None for an argument that has no gradient",
        )  # fmt: skip
    names = [n for n, r in zip(raw.names, returned, strict=False) if n is not None and r is None]
    if names:
        need = "needs" if len(names) == 1 else "need"
        yield broken(
            "GW250", f"backward returns None for {listed(names)}, which {need} a gradient",
            names, "torch takes None for zero: nothing is learned there, and nothing is said",
            "return its slope; None only where ctx.needs_input_grad is False",
        )  # fmt: skip


def cast(subject: Subject) -> list[str]:
    """Sentences on gradients that backward returns in another dtype than its input's."""
    if subject.raw is None or subject.raw.returned is None:
        return []
    pairs = zip(subject.raw.names, subject.raw.returned, strict=False)
    return [
        f"backward returns {named(r.dtype)} for {n}, which is {named(subject.point[n].dtype)}: torch casts it"
        for n, r in pairs
        if n is not None and isinstance(r, torch.Tensor) and r.dtype != subject.point[n].dtype
    ]
