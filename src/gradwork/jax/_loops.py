"""Loops and choices of JAX, turn by turn, where how often and which one hangs on no argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from gradwork.jax._program import NotFollowed, Place, Slot

if TYPE_CHECKING:
    from gradwork.jax._reading import Writer

MOST_TURNS = 1000
Loop = Callable[["Writer", Mapping[str, Any], "list[Any]", Place], "list[Any]"]


def _scan(writer: Writer, params: Mapping[str, Any], reads: list[Any], place: Place) -> list[Any]:
    """One turn for each entry along the first axis; what each turn gives is stacked."""
    count, carried, length = params["num_consts"], params["num_carry"], params["length"]
    constants, state, rows = reads[:count], reads[count : count + carried], reads[count + carried :]
    _check_turns(length)
    given: list[list[Any]] = [[] for _ in params["jaxpr"].out_avals[carried:]]
    turns = range(length)
    for turn in reversed(turns) if params["reverse"] else turns:
        now = [_row(writer, r, turn, place) for r in rows]
        results = writer.closed(params["jaxpr"], [*constants, *state, *now], place)
        state = results[:carried]
        for one, result in zip(given, results[carried:], strict=True):
            one.append(result)
    if params["reverse"]:
        given = [one[::-1] for one in given]
    shapes = params["jaxpr"].out_avals[carried:]
    return [*state, *(_stacked(writer, one, shape, place) for one, shape in zip(given, shapes, strict=True))]


def _row(writer: Writer, rows: Any, turn: int, place: Place) -> Any:
    if not isinstance(rows, Slot):
        return np.asarray(rows)[turn]
    return writer.step(
        "turn of a loop", {"at": turn}, [rows], [jax.ShapeDtypeStruct(rows.shape[1:], rows.dtype)], place
    )[0]


def _stacked(writer: Writer, rows: list[Any], row: Any, place: Place) -> Any:
    whole = jax.ShapeDtypeStruct((len(rows), *row.shape), row.dtype)
    if any(isinstance(r, Slot) for r in rows):
        return writer.step("stack", {"axis": 0}, rows, [whole], place)[0]
    return np.stack([np.asarray(r) for r in rows]) if rows else np.zeros(whole.shape, whole.dtype)


def _while(writer: Writer, params: Mapping[str, Any], reads: list[Any], place: Place) -> list[Any]:
    """Turns until what decides says so; it may hang on no argument."""
    first, second = params["cond_nconsts"], params["body_nconsts"]
    asked, constants, state = reads[:first], reads[first : first + second], reads[first + second :]
    for turn in range(MOST_TURNS + 1):
        (goes_on,) = writer.closed(params["cond_jaxpr"], [*asked, *state], place)
        if isinstance(goes_on, Slot):
            raise NotFollowed("how often a loop runs hangs on values")
        if not bool(np.all(goes_on)):
            return state
        _check_turns(turn + 1)
        state = writer.closed(params["body_jaxpr"], [*constants, *state], place)
    return state


def _cond(writer: Writer, params: Mapping[str, Any], reads: list[Any], place: Place) -> list[Any]:
    if isinstance(reads[0], Slot):
        raise NotFollowed("which branch is taken hangs on values")
    branches = params["branches"]
    return writer.closed(branches[int(np.clip(int(reads[0]), 0, len(branches) - 1))], reads[1:], place)


def _check_turns(count: int) -> None:
    if count > MOST_TURNS:
        raise NotFollowed(f"a loop runs more than {MOST_TURNS} times")


LOOPS: dict[str, Loop] = {"scan": _scan, "while": _while, "cond": _cond}
