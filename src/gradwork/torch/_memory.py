"""Which value a tensor holds while a forward pass is written down, where tensors share memory and are written into.

All tensors that show one piece of memory belong to one cell. The cell has a root, a tensor that shows all of it, and
the value of the root now; a tensor that was not written to itself, and whose cell was, is read again from the root.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradwork.torch._aten.indexing import put
from gradwork.torch._program import Slot, Untraceable
from gradwork.torch._tensors import Array

Key = tuple[slice, ...]


@dataclass(eq=False)
class Cell:
    """A piece of memory.

    root: a tensor that shows all of it;  value: what it holds;  version: how often it was written to;
    seen: what tensors hold that show it, or a part, by the way in which they do.
    """

    root: torch.Tensor
    value: Any
    version: int = 0
    seen: dict[Any, Slot] = field(default_factory=dict)


@dataclass(eq=False)
class Held:
    """A tensor and its value, as of a version of its cell. The tensor is kept, so that its identity holds."""

    tensor: torch.Tensor
    slot: Slot
    version: int


@dataclass(eq=False)
class Memory:
    """Tensors that depend on the checked ones, by identity, and the memory that they show, by its address."""

    held: dict[int, Held] = field(default_factory=dict)
    cells: dict[int, Cell] = field(default_factory=dict)

    def cell(self, tensor: torch.Tensor) -> Cell | None:
        """The cell of a tensor; None where nothing there depends on what is checked."""
        return self.cells.get(address(tensor)) if tensor.numel() else None

    def enter(self, tensor: torch.Tensor, slot: Slot) -> None:
        """Note the value of a tensor that was made, or of a view."""
        if not tensor.numel():
            return
        cell = self.cells.get(address(tensor))
        if cell is None:
            cell = self.cells[address(tensor)] = Cell(tensor, slot)
        cell.seen[_way(tensor)] = slot
        self.held[id(tensor)] = Held(tensor, slot, cell.version)

    def known(self, tensor: torch.Tensor) -> Slot | None:
        """The value of a tensor as it was entered, if nothing was written into its memory since."""
        held, cell = self.held.get(id(tensor)), self.cell(tensor)
        if cell is None:
            return None
        # What torch saves, and gives back later, is another tensor that shows the same memory.
        return held.slot if held is not None and held.version == cell.version else cell.seen.get(_way(tensor))

    def write(self, tensor: torch.Tensor, cell: Cell, slot: Slot, value: Any) -> None:
        """A tensor has got a new value, and the root of its cell another one."""
        cell.version += 1
        cell.value = value
        cell.seen = {_way(tensor): slot}
        self.held[id(tensor)] = Held(tensor, slot, cell.version)

    def lose(self, tensor: torch.Tensor) -> None:
        """What is there from now on counts as a constant."""
        if tensor.numel():
            self.cells.pop(address(tensor), None)


def address(tensor: torch.Tensor) -> int:
    """Where the memory of a tensor begins."""
    return int(tensor.untyped_storage().data_ptr())


def _way(tensor: torch.Tensor) -> tuple[Any, ...]:
    """The way in which a tensor shows its memory."""
    return tensor.dtype, tensor.shape, tensor.stride(), tensor.storage_offset()


def root_of(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor of which this is a view; itself where it is none."""
    base = tensor._base
    return tensor if base is None else base


def is_whole(tensor: torch.Tensor, root: torch.Tensor) -> bool:
    """Whether two tensors show the same entries in the same places."""
    return (tensor.shape, tensor.stride(), tensor.storage_offset()) == (
        root.shape, root.stride(), root.storage_offset(),
    )  # fmt: skip


def places_in(tensor: torch.Tensor, root: torch.Tensor) -> Array:
    """For each entry of a tensor its place in the root, counted in the order of the root's own entries.

    Raises Untraceable where the root does not show it.
    """
    size = root.untyped_storage().nbytes() // root.element_size()
    if tensor.dtype != root.dtype:
        raise Untraceable("memory is read as numbers of another kind")
    where = torch.full((size,), -1, dtype=torch.int64)
    own = torch.arange(root.numel()).reshape(root.shape)
    where.as_strided(root.shape, root.stride(), root.storage_offset()).copy_(own)
    found = where.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).numpy()
    if (found < 0).any():
        raise Untraceable("a view shows memory beside what was written")
    return np.array(found)


def read_at(root: Any, places: Array) -> Any:
    """The entries of an array in some places, in the shape of these."""
    key = _as_slices(places, root.shape)
    return np.reshape(root[key], places.shape) if key is not None else np.ravel(root)[places]


def written_at(root: Any, places: Array, value: Any) -> Any:
    """A copy of an array with other entries in some places."""
    key = _as_slices(places, root.shape)
    if key is not None:
        return put(root, key, np.reshape(value, np.empty(root.shape)[key].shape))
    return np.reshape(put(np.ravel(root), np.ravel(places), np.ravel(value)), root.shape)


def _as_slices(places: Array, shape: tuple[int, ...]) -> Key | None:
    """A slice an axis that picks these places in this order; None where there is none."""
    if not shape:
        return None
    steps = [np.unique(at) for at in np.unravel_index(places.reshape(-1), shape)]
    found = []
    for at in steps:
        apart = np.unique(np.diff(at))
        if len(apart) > 1:
            return None
        found.append(slice(int(at[0]), int(at[-1]) + 1, int(apart[0]) if len(apart) else 1))
    grid = np.ravel_multi_index(np.ix_(*steps), shape)
    return tuple(found) if np.array_equal(grid.reshape(-1), places.reshape(-1)) else None
