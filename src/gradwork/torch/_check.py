"""`check_function` and `check_module`: the numbers by `gradwork.check`, and what torch takes for granted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from gradwork.check.check import Check, check
from gradwork.check.promises import by_its_own, listed, with_more, with_zeros_told
from gradwork.check.where import Place
from gradwork.errors import ArgumentError
from gradwork.graph.tree import Structure, flatten, leaf_names
from gradwork.torch import _places
from gradwork.torch._contracts import broken_promises, cast, refusals
from gradwork.torch._like import Like, causes_by_like
from gradwork.torch._precision import as_used
from gradwork.torch._second import second_way_back
from gradwork.torch._subject import Raw, Subject, arrays_of, at_its_widest, names_of, numbers_in, watched
from gradwork.torch._tensors import array_of, few_threads, is_real_number, widened


def check_function(
    function: Any,
    *inputs: Any,
    like: Like | None = None,
    second: bool = True,
    strict: bool = False,
) -> Check:
    """Is the backward of a custom `torch.autograd.Function` right, and does it keep what torch takes for granted?

    function: the class, or any function of tensors that calls it.
    inputs:   its arguments. Checked are the tensors that require a gradient; where none does, all floating ones.
    like:     a NumPy function of the same arguments that computes the same: causes are read from its graph, where what
              torch does cannot be followed.
    second:   whether a second way back is looked at; what gives no second derivative is noted, wrong ones are an error.
    strict:   an entry about which nothing can be told fails the check as well.

    All outputs, times random numbers, are added up to one number, which is nudged in double precision if the function
    runs there. Gives a `gw.Check`. Beside wrong slopes it names: an upstream gradient that is ignored (GW224), saved
    tensors or inputs that are written into (GW238), a mask drawn anew (GW213), None for an input (GW250), a dependence
    on memory layout (GW251), a `jvp` that disagrees (GW252), another result in its own precision (GW253), and a wrong
    second derivative (GW233).
    Raises ArgumentError where no input, or no output, is a tensor of floating numbers.

    Source: the promises are those of the page "Extending PyTorch" of its documentation.
    """
    is_class = isinstance(function, type) and issubclass(function, torch.autograd.Function)
    names = (
        names_of(function.forward, len(inputs), _contexts(function)) if is_class else names_of(function, len(inputs))
    )
    checked = _checked(inputs, names)
    raw = Raw([n if n in checked else None for n in names]) if is_class else None
    call = watched(function, raw).apply if raw is not None else function
    tree = flatten(tuple(inputs))
    subject = Subject(
        {n: v for n, (_, v) in checked.items()},
        _runner(call, tree, {n: k for n, (k, _) in checked.items()}),
        raw=raw,
    )
    found = _examined(subject, second, strict)
    if is_class and function.jvp is not torch.autograd.Function.jvp:
        from gradwork.torch._forward_mode import disagreement

        found = with_more(found, findings=disagreement(subject, found))
    return causes_by_like(found, subject, like, inputs, names) if like is not None else found


def check_module(
    module: torch.nn.Module,
    *inputs: Any,
    loss: Callable[[Any], torch.Tensor] | None = None,
    second: bool = True,
    strict: bool = False,
) -> Check:
    """Are the gradients right that a module with hand-written pieces gives for its parameters and inputs?

    inputs: its arguments. Those that require a gradient are checked as well, beside all parameters that do.
    loss:   from the module's output to one number; without it, all outputs times random numbers are added up.
    second, strict: as in `check_function`.

    Parameters have their own names. The module itself is not changed: it runs on copies of its parameters and buffers,
    with the same random draws in every call. Large modules are looked at along random directions. Where it is wrong,
    the report says in which part of the module the slopes become wrong.
    Gives a `gw.Check`; raises ArgumentError where nothing requires a gradient.

    >>> import gradwork.torch, torch
    >>> print(gradwork.torch.check_module(torch.nn.Linear(3, 2), torch.ones(4, 3) / torch.arange(1, 4)).ok)
    True
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError(
            f"{type(module).__name__} is no torch.nn.Module",
            why="the parameters of a module are what is checked",
            hint="the module itself, as in check_module(net, x); check_function for a torch.autograd.Function",
        )
    parameters = {n: p for n, p in module.named_parameters() if p.requires_grad and is_real_number(p)}
    names = _inputs_apart(names_of(module.forward, len(inputs)), parameters)
    leaves, structure = flatten(tuple(inputs))
    paths = _inputs_apart(_paths(structure, names), parameters)
    asked = {n for n, v in zip(paths, leaves, strict=True) if is_real_number(v) and v.requires_grad}
    places = {n: k for k, n in enumerate(paths) if n in asked}
    values = {**parameters, **{n: leaves[k] for n, k in places.items()}}
    if not values:
        raise ArgumentError("nothing here requires a gradient", hint="parameter.requires_grad_(True)")
    run = _module_runner(module, parameters, (leaves, structure), places, loss)
    subject = Subject(values, run, single=loss is not None)
    return _examined(subject, second, strict, module)


# -- what is run ------------------------------------------------------------------------------------------------------


def _contexts(function: Any) -> int:
    """How many arguments of forward are the context: one, unless there is a setup_context."""
    return 0 if function.setup_context is not torch.autograd.Function.setup_context else 1


def _checked(inputs: Sequence[Any], names: Sequence[str]) -> dict[str, tuple[int, torch.Tensor]]:
    leaves, structure = flatten(tuple(inputs))
    paths = _paths(structure, names)
    floating = {n: (k, v) for k, (n, v) in enumerate(zip(paths, leaves, strict=True)) if is_real_number(v)}
    asked = {n: (k, v) for n, (k, v) in floating.items() if v.requires_grad}
    if not floating:
        kinds = ", ".join(type(leaf).__name__ for leaf in leaves) or "nothing"
        raise ArgumentError(
            "no input is a tensor of floating numbers",
            why=f"given was {kinds}",
            hint="torch.randn(3, 4, dtype=torch.float64)",
        )
    return asked or floating


def _paths(structure: Structure, names: Sequence[str]) -> list[str]:
    """A name for every leaf of the arguments."""
    found = leaf_names(list(zip(names, structure.children, strict=True)))
    return [name for inside in found for name in inside]


def _inputs_apart(names: Sequence[str], parameters: Mapping[str, Any]) -> list[str]:
    """The names of inputs, none of which is that of a parameter."""
    return [f"input {n}" if n in parameters else n for n in names]


def _runner(
    call: Callable[..., Any], tree: tuple[list[Any], Structure], places: Mapping[str, int]
) -> Callable[..., list[torch.Tensor]]:
    leaves, structure = tree

    def run(values: Mapping[str, torch.Tensor], widen: bool) -> list[torch.Tensor]:
        mine = [widened(v) if widen else v.detach() if is_real_number(v) else v for v in leaves]
        mine = [v.clone() if is_real_number(v) else v for v in mine]
        for name, place in places.items():
            mine[place] = values[name]
        try:
            return numbers_in(call(*structure.build(iter(mine))))
        except RuntimeError as error:
            if "leaf Variable" not in str(error):
                raise
            # A function that works in place is meant for what has a history.
            for name, place in places.items():
                mine[place] = values[name].detach().clone() if not torch.is_grad_enabled() else values[name].clone()
            return numbers_in(call(*structure.build(iter(mine))))

    return run


def _module_runner(
    module: torch.nn.Module,
    parameters: Mapping[str, Any],
    tree: tuple[list[Any], Structure],
    places: Mapping[str, int],
    loss: Callable[[Any], torch.Tensor] | None,
) -> Callable[..., list[torch.Tensor]]:
    leaves, structure = tree

    def run(values: Mapping[str, torch.Tensor], widen: bool) -> list[torch.Tensor]:
        # Buffers are written into by some modules, so every run has its own.
        state = {n: (widened(b) if widen else b.detach()).clone() for n, b in module.named_buffers()}
        frozen = {n: p for n, p in module.named_parameters() if n not in parameters}
        state |= {n: widened(p) if widen else p.detach() for n, p in frozen.items()}
        state |= {n: values[n] for n in parameters}
        mine = [widened(v) if widen else v for v in leaves]
        for name, place in places.items():
            mine[place] = values[name]
        output = torch.func.functional_call(module, state, tuple(structure.build(iter(mine))))
        if loss is None:
            return numbers_in(output)
        result = loss(output)
        if not is_real_number(result) or result.numel() != 1:
            raise ArgumentError("loss does not give one number", hint="loss=lambda output: output.square().mean()")
        return [result.reshape(())]

    return run


# -- what is found ----------------------------------------------------------------------------------------------------


def _examined(subject: Subject, second: bool, strict: bool, module: torch.nn.Module | None = None) -> Check:
    subject = at_its_widest(subject)
    point, weights = subject.point, subject.weights()
    with few_threads(lambda: subject.backward(point, weights)):
        return _examined_by_few(subject, second, strict, module)


def _examined_by_few(subject: Subject, second: bool, strict: bool, module: torch.nn.Module | None) -> Check:
    arrays = arrays_of(subject.values) if subject.wide else {n: array_of(v) for n, v in subject.values.items()}
    found = check(subject.loss, subject.gradient, strict=strict, kwargs=arrays)
    found, zero = with_zeros_told(found)
    notes = [*_notes(subject), *([zero] if zero else []), *_not_followed(subject, found)]
    if subject.draws:
        notes.append("it draws random numbers: every call here starts from the same seed")
    elif subject.wide:
        own = as_used(subject, found.verdicts)
        found, note = (found, "") if own is None else by_its_own(found, own, subject.narrow)
        notes += [note] if note else []
    promises = [f for f in broken_promises(subject) if f.cause.code != "GW250" or not found.ok]
    found = with_more(found, findings=promises, cautions=[] if promises else list(refusals(subject)))
    notes += cast(subject)
    if second and subject.wide and not any(v.wrong for v in found.verdicts.values()):
        again = second_way_back(subject)
        found = with_more(found, findings=[again.wrong] if again.wrong is not None else [])
        notes += [again.note] if again.note else []
    if module is not None:
        places: list[Place] = _places.located(module, subject, found.verdicts)
        found = replace(found, where=(*places, *found.where))
    return replace(found, said="\n".join([found.said, *notes] if found.said else notes))


def _not_followed(subject: Subject, found: Check) -> list[str]:
    """Why there is no graph to read a cause from, where one is looked for."""
    if not subject.followed.why or found.diagnoses or not any(v.wrong for v in found.verdicts.values()):
        return []
    return [f"causes are read from patterns in the numbers alone: it could not be followed ({subject.followed.why})"]


def _notes(subject: Subject) -> list[str]:
    if not subject.narrow:
        return []
    kinds = listed(subject.narrow)
    if subject.wide:
        return [f"{kinds} is nudged, and gone back through, in float64"]
    return [f"it does not run in float64, so it is nudged in {kinds}: what is smaller than its rounding is not seen"]
