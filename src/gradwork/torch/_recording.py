"""One forward pass, written down: every call of ATen into which a checked tensor goes, or what was made of one.

What torch works out with is seen one floor below its own gradients, so the forward of a custom function is seen like
everything else. What an operation gives that is no number with a slope (an index, a truth value that decides what is
run) counts as given, under guard. Random draws, and tensors that do not depend on what is checked, are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gradwork.graph import frames
from gradwork.graph.traced import Traced
from gradwork.torch._aten import known
from gradwork.torch._lines import mark_of, name_in, user_frame
from gradwork.torch._memory import Cell, Memory, address, is_whole, places_in, read_at, root_of, written_at
from gradwork.torch._program import Fixed, Program, Slot, Step, Untraceable, needed, slots_in
from gradwork.torch._tensors import is_real_number
from gradwork.torch._wholes import Wholes, without_fast_path

MOST_ENTRIES = 5_000_000  # of all that is given, and worked out on the way
ONLY_SHAPE = frozenset(
    "empty_like zeros_like ones_like full_like rand_like randn_like randint_like new_empty new_zeros new_ones new_full "
    "new_empty_strided".split()
)
DRAWS = frozenset("bernoulli_ uniform_ normal_ exponential_ cauchy_ log_normal_ geometric_ random_".split())


def recorded(run: Callable[[], Sequence[torch.Tensor]], values: Mapping[str, torch.Tensor]) -> Program:
    """Write down what `run` does with these tensors. Raises Untraceable where that cannot be done."""
    recorder = Recorder()
    inputs = {name: recorder.made(value) for name, value in values.items()}
    with torch.no_grad(), without_fast_path(), recorder, Wholes(recorder.whole):
        outputs = run()
    found = [recorder.read(o) for o in outputs]
    for fixed in recorder.all_fixed():
        fixed.settle()
    return Program(inputs, needed(recorder.steps, found), found)


class Recorder(TorchDispatchMode):  # type: ignore[misc]
    """What sees every call, and writes it down."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = Memory()
        self.steps: list[Step] = []
        self.made_by: dict[int, Step] = {}
        self.fixed: dict[int, list[Fixed]] = {}
        self.kept: list[Fixed] = []  # those whose tensors have been written to since
        self.deciding: dict[int, tuple[torch.Tensor, list[Slot]]] = {}
        self.count = self.entries = 0
        self.quiet = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self.quiet:
            return func(*args, **kwargs)
        name, overload = func._schema.name.removeprefix("aten::"), func._overloadname
        read = list(_tensors((args, kwargs)))
        written = list(_written(func, args, kwargs))
        for tensor in written:
            self._keep_constants_of(tensor)
        self._decided_by(args, kwargs)
        moving = [t for t in (*read, *written) if self.memory.cell(t) is not None]
        if not moving or name in ONLY_SHAPE:
            return func(*args, **kwargs)
        found = known(name, overload)
        if written and (found is None or "out" in kwargs):
            return self._in_place(func, name, overload, args, kwargs, written)
        if found is not None:
            return self._known(func, found, args, kwargs, written)
        return self._unknown(func, name, args, kwargs, moving)

    # -- one call -----------------------------------------------------------------------------------------------------

    def _known(self, func: Any, found: tuple[Any, bool], args: Any, kwargs: Any, written: list[torch.Tensor]) -> Any:
        """A call that the table has."""
        function, drawn = found
        given, named = self.read(tuple(args)), {k: self.read(v) for k, v in kwargs.items()}
        result = func(*args, **kwargs)
        for tensor in written:
            self.memory.lose(tensor)  # running statistics of a normalisation
        several = list(result) if isinstance(result, (tuple, list)) else [result]
        if drawn:
            given = (tuple(self._constant(v) if isinstance(v, torch.Tensor) else v for v in several), *given)
        slots = [self._result(k, v, given) for k, v in enumerate(several)]
        self._add(function, given, named, slots)
        if func._schema.name == "aten::convolution":
            self._count(several[0].numel() // max(several[0].shape[1], 1) * args[1][0].numel())
        return result

    def whole(self, function: Callable[..., Any], func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """A call that is written down before torch takes it apart."""
        self._decided_by(args, kwargs)
        if self.quiet or all(self.memory.cell(t) is None for t in _tensors((args, kwargs))):
            return func(*args, **kwargs)
        given, named = self.read(tuple(args)), {k: self.read(v) for k, v in kwargs.items()}
        self.quiet = True
        try:
            result = func(*args, **kwargs)
        finally:
            self.quiet = False
        self._add(function, given, named, [self._result(0, result, given)])
        return result

    def _result(self, place: int, value: Any, given: Any) -> Slot | None:
        if not isinstance(value, torch.Tensor):
            return None
        if value.is_complex():
            raise Untraceable("complex numbers are worked with")
        if place and not value.is_floating_point():
            # Where the largest is: it is read seldom, and then it decides.
            self.deciding[id(value)] = value, list(slots_in(given))
            return None
        return self.made(value)

    def _in_place(
        self, func: Any, name: str, overload: str, args: Any, kwargs: Any, written: list[torch.Tensor]
    ) -> Any:
        """A call that writes into a tensor: the value that it gives, and then the memory that has it."""
        target = kwargs.get("out", args[0])
        found = known(name if "out" in kwargs else name.removesuffix("_"), overload)
        if len(written) != 1 or written[0] is not target or (found is None and name not in DRAWS):
            raise Untraceable(f"torch.ops.aten.{name} writes into a tensor")
        cell = self.memory.cell(target)
        if cell is None:
            root = root_of(target)
            cell = self.memory.cells[address(target)] = Cell(root, self._constant(root.clone()))
        places = None if is_whole(target, cell.root) else places_in(target, cell.root)
        given, named = self.read(tuple(args)), {k: self.read(v) for k, v in kwargs.items() if k != "out"}
        shape = target.shape
        result = func(*args, **kwargs)
        if target.shape != shape:
            raise Untraceable(f"torch.ops.aten.{name} gives a tensor another shape")
        if name in DRAWS or found is None:
            slot = self._add(_as_given, (self._constant(target.clone()),), {}, [self._new()])
        else:
            slot = self._add(found[0], given, named, [self._new()])
        self._count(target.numel())
        whole = slot
        if places is not None:
            whole = self._add(written_at, (cell.value, places, slot), {}, [self._new()])
            self._count(cell.root.numel())
        self.memory.write(target, cell, slot, whole)
        return result

    def _unknown(self, func: Any, name: str, args: Any, kwargs: Any, moving: list[torch.Tensor]) -> Any:
        """A call that the table has not: taken apart if torch knows how, or a view, or a decision."""
        with self:
            apart = func.decompose(*args, **kwargs)
            if apart is not NotImplemented:
                return apart
            way = torch._decomp.decomposition_table.get(func)
            if way is not None:
                return way(*args, **kwargs)
        given = [s for t in moving for s in slots_in(self.read(t))]
        result = func(*args, **kwargs)
        numbers = [v for v in _tensors(result) if is_real_number(v)]
        if numbers and not all(v.numel() and self.memory.cell(v) is not None for v in numbers):
            raise Untraceable(f"torch.ops.aten.{name} is not known")
        if not numbers:
            self._decide(given)
        return result

    # -- what is written down -----------------------------------------------------------------------------------------

    def made(self, tensor: torch.Tensor) -> Slot:
        """A place for the value of a new tensor."""
        self._count(tensor.numel())
        slot = self._new()
        self.memory.enter(tensor, slot)
        return slot

    def read(self, value: Any) -> Any:
        """An argument, with places and constants for the tensors in it."""
        if isinstance(value, (list, tuple)):
            return type(value)(self.read(v) for v in value)
        if not isinstance(value, torch.Tensor):
            return value
        cell = self.memory.cell(value)
        if cell is None:
            return self._constant(value)
        slot = self.memory.known(value)
        if slot is not None:
            self._name(slot, value)
        else:
            slot = self._add(read_at, (cell.value, places_in(value, cell.root)), {}, [self._new()])
            self.memory.enter(value, slot)
        return slot

    def _new(self) -> Slot:
        self.count += 1
        return Slot(self.count)

    def _count(self, entries: int) -> None:
        self.entries += entries
        if self.entries > MOST_ENTRIES:
            raise Untraceable(f"more than {MOST_ENTRIES:,} numbers take part")

    def _add(self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], slots: list[Slot | None]) -> Any:
        """Add a step; gives the place of its first result."""
        mark = mark_of(user_frame())
        where, name = (None, None) if mark is None else frames.place(mark)
        step = Step(function, args, dict(kwargs), tuple(slots), where, mark=mark)
        if name and self.steps and self.steps[-1].mark == mark:
            self.steps[-1].names.clear()  # one of several calls that give the variable its value
        if name and len(slots) == 1 and slots[0] is not None:
            step.names[slots[0].number] = name
        self.steps.append(step)
        self.made_by.update((slot.number, step) for slot in slots if slot is not None)
        return slots[0] if slots else None

    def _name(self, slot: Slot, tensor: torch.Tensor) -> None:
        """A value that has no name yet is called as where it is read: an argument of another function, say."""
        step = self.made_by.get(slot.number)
        if step is not None and slot.number not in step.names:
            name = name_in(user_frame(), tensor)
            if name:
                step.names[slot.number] = name

    def _decided_by(self, *values: Any) -> None:
        """Places that are read hang on the values that they are those of."""
        for tensor in _tensors(values):
            if id(tensor) in self.deciding:
                self._decide(self.deciding.pop(id(tensor))[1])

    def _decide(self, given: list[Slot]) -> None:
        """What goes on from here hangs on these values."""
        self._add(_guarded, tuple(given), {}, [])

    def _constant(self, tensor: torch.Tensor) -> Fixed:
        if tensor.is_complex():
            raise Untraceable("complex numbers are worked with")
        met = self.fixed.setdefault(address(tensor), [])
        for fixed in met:
            if fixed.tensor is tensor:
                return fixed
        self._count(tensor.numel())
        met.append(Fixed(tensor, name_in(user_frame(), tensor)))
        return met[-1]

    def _keep_constants_of(self, tensor: torch.Tensor) -> None:
        """A constant that is about to be written to was what it is now."""
        for fixed in self.fixed.pop(address(tensor), []):
            assert fixed.tensor is not None
            fixed.tensor = fixed.tensor.clone()
            self.kept.append(fixed)

    def all_fixed(self) -> Iterator[Fixed]:
        """The constants."""
        yield from self.kept
        for several in self.fixed.values():
            yield from several


def _as_given(value: Any) -> Any:
    return value


def _guarded(*values: Any) -> tuple[()]:
    for value in values:
        if isinstance(value, Traced):
            value.builder.guard(value.index, np.array(value.value))
    return ()


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    if isinstance(values, torch.Tensor):
        yield values
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _tensors(value)
    elif isinstance(values, dict):
        yield from _tensors(list(values.values()))


def _written(func: Any, args: Any, kwargs: Any) -> Iterator[torch.Tensor]:
    """The tensors that a call writes into."""
    if not func._schema.is_mutable:
        return
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            value = args[place] if place < len(args) else kwargs.get(argument.name)
            yield from _tensors(value)
