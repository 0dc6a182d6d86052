"""Shapes, pieces put together and taken apart."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import M, P, T, V, W, after_fill_diagonal, calls

calls(
    "reshape",
    lambda x: np.reshape(x, (4, 3)),
    lambda x: x.reshape(-1),
    lambda x: x.reshape(2, -1),
    lambda x: np.reshape(x, (2, 6), order="F"),
    lambda x: x.reshape((6, 2), order="F"),
    at=(M,),
)
calls(
    "ravel",
    lambda x: np.ravel(x),
    lambda x: np.ravel(x, order="F"),
    lambda x: x.T.ravel(),
    lambda x: np.ravel(x.T, "K"),
    lambda x: np.ravel(x.T, "A"),
    lambda x: x.flatten("F"),
    at=(M,),
)
calls(
    "transpose",
    lambda x: np.transpose(x),
    lambda x: x.T,
    lambda x: np.transpose(x, (2, 0, 1)),
    lambda x: x.transpose(1, 0, 2),
    lambda x: np.permute_dims(x, (-1, 0, 1)),
    lambda x: x.mT,
    at=(T,),
)
calls("swapaxes", lambda x: np.swapaxes(x, 0, -1), at=(T,))
calls("moveaxis", lambda x: np.moveaxis(x, 0, -1), lambda x: np.moveaxis(x, [0, 1], [-1, -2]), at=(T,))
calls(
    "rollaxis",
    lambda x: np.rollaxis(x, 2),
    lambda x: np.rollaxis(x, 0, 2),
    lambda x: np.rollaxis(x, 1, 3),
    lambda x: np.rollaxis(x, -1),
    lambda x: np.rollaxis(x, 1, 1),
    lambda x: np.rollaxis(x, 2, -2),
    at=(T,),
)
calls("matrix_transpose", lambda x: np.matrix_transpose(x), at=(T,))
calls("expand_dims", lambda x: np.expand_dims(x, 0), lambda x: np.expand_dims(x, (0, -1)), at=(M,))
calls(
    "squeeze", lambda x: np.squeeze(x), lambda x: np.squeeze(x, 0), lambda x: x.squeeze((0, 2)), at=(M[None, :, None],)
)
for _name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    _f = getattr(np, _name)
    for _a in (2.0, V, M, T):
        calls(_name, lambda x, f=_f: f(x), at=(_a,))
    calls(_name, lambda x, f=_f: f(x, 3.0)[0], lambda x, f=_f: f([1.0, 2.0], x)[1])
calls("broadcast_to", lambda x: np.broadcast_to(x, (3, 4)), lambda x: np.broadcast_to(x[0], (2, 2)))
calls("broadcast_arrays", lambda x: np.broadcast_arrays(x, M)[0], lambda x: np.broadcast_arrays(x[:, None], 1.0, x)[2])
calls(
    "concatenate",
    lambda x: np.concatenate([x, M]),
    lambda x: np.concatenate((x, x * 2), axis=1),
    lambda x: np.concatenate([x, M], axis=None),
    lambda x: np.concatenate([x], -1),
    lambda x: np.concatenate([x, [[1, 2, 3, 4]]]),
    lambda x: np.concatenate([x, x], dtype=np.float64),
    lambda x: np.concatenate(x),
    lambda x: np.concat([x, x]),
    lambda x: np.concatenate([x, np.zeros((0, 4))]),
    at=(M,),
)
calls(
    "stack",
    lambda x: np.stack([x, W]),
    lambda x: np.stack([x, W, x], axis=1),
    lambda x: np.stack((x, x), -1),
    lambda x: np.stack([x, [1, 2, 3, 4]]),
    lambda x: np.stack(list(x)),
)
for _name in ("vstack", "hstack", "dstack", "column_stack"):
    _f = getattr(np, _name)
    for _a in (V, M):
        calls(
            _name,
            lambda x, f=_f: f([x, x * 2]),
            lambda x, f=_f: f((x, np.ones(x.shape))),
            lambda x, f=_f: f([np.zeros(x.shape), x]),
            at=(_a,),
        )
calls(
    "hstack",
    lambda x: np.hstack([x, 1.0]),
    lambda x: np.hstack([[1.0, 2.0], x, x[0]]),
    lambda x: np.hstack([x[0], x[1]]),
)
calls("vstack", lambda x: np.vstack([[1, 2, 3, 4], x]), lambda x: np.vstack([x, M]))
calls("dstack", lambda x: np.dstack([T, x]), at=(T,))
calls("column_stack", lambda x: np.column_stack([[1, 2, 3, 4], x, M.T]), lambda x: np.column_stack([x]))
calls("unstack", lambda x: np.unstack(x)[1], lambda x: np.unstack(x, axis=1)[0], at=(M,))
calls(
    "block",
    lambda x: np.block([[x, x], [P, P]]),
    lambda x: np.block([x, 1.0]),
    lambda x: np.block([[np.outer(x, x), np.ones((4, 1))], [x, 5.0]]),
    lambda x: np.block(x),
    lambda x: np.block([[[x]]]),
)
calls("append", lambda x: np.append(x, 1.0), lambda x: np.append([1.0], x), lambda x: np.append(x, [x, x]))
calls("append", lambda x: np.append(x, M[:1], axis=0), lambda x: np.append(x, x, 1), at=(M,))
calls(
    "insert",
    lambda x: np.insert(x, 1, 5.0),
    lambda x: np.insert(x, [1, 3], [5.0, 6.0]),
    lambda x: np.insert(x, [1, 1], x[:2]),
    lambda x: np.insert(x, slice(0, 2), 1.0),
    lambda x: np.insert(x, 4, 1.0),
    lambda x: np.insert(x, -1, x[0]),
    lambda x: np.insert(P, 2, x[0]),
    lambda x: np.insert(x, [0, 4], 1.0),
)
calls(
    "insert",
    lambda x: np.insert(x, 1, 5.0, axis=1),
    lambda x: np.insert(x, [0, 2], V, axis=0),
    lambda x: np.insert(x, 1, V),
    lambda x: np.insert(x, 1, V, axis=0),
    lambda x: np.insert(x, [1], [[1], [2], [3]], axis=1),
    at=(M,),
)
calls(
    "delete",
    lambda x: np.delete(x, 1),
    lambda x: np.delete(x, [0, -1]),
    lambda x: np.delete(x, slice(1, 3)),
    lambda x: np.delete(x, x < 0),
)
calls("delete", lambda x: np.delete(x, 1, axis=1), lambda x: np.delete(x, [0, 5]), at=(M,))
calls("resize", lambda x: np.resize(x, (2, 5)), lambda x: np.resize(x, 2), lambda x: np.resize(x, (3, 3)))
calls(
    "trim_zeros",
    lambda x: np.trim_zeros(np.concatenate([[0, 0], x, [0]])),
    lambda x: np.trim_zeros(np.concatenate([[0, 0], x, [0]]), "b"),
    lambda x: np.trim_zeros(x * [0, 1, 0, 1], "f"),
)
calls(
    "split",
    lambda x: np.split(x, 2)[1],
    lambda x: np.split(x, [1, 3])[1],
    lambda x: np.split(x, [1], axis=0)[0],
    lambda x: np.array_split(x, 3)[0],
)
calls("array_split", lambda x: np.array_split(x, 3, axis=1)[0], lambda x: np.array_split(x, [1, 2, 5])[2], at=(M,))
calls("hsplit", lambda x: np.hsplit(x, 2)[0], lambda x: np.hsplit(x, [1])[1], at=(M,))
calls("vsplit", lambda x: np.vsplit(x, 3)[0], lambda x: np.vsplit(x, [1])[1], at=(M,))
calls("dsplit", lambda x: np.dsplit(x, 2)[0], lambda x: np.dsplit(x, [1, 3])[1], at=(T,))
for _name in ("flip", "fliplr", "flipud"):
    _f = getattr(np, _name)
    calls(_name, lambda x, f=_f: f(x), at=(T,))
calls("flip", lambda x: np.flip(x, (0, -1)), lambda x: np.flip(x, 1), at=(T,))
calls(
    "rot90",
    *[lambda x, k=k: np.rot90(x, k) for k in range(-2, 5)],
    lambda x: np.rot90(x, axes=(1, 2)),
    lambda x: np.rot90(x, 3, axes=(2, 0)),
    at=(T,),
)
calls(
    "roll",
    lambda x: np.roll(x, 2),
    lambda x: np.roll(x, -1, axis=0),
    lambda x: np.roll(x, (1, 2), axis=(0, 1)),
    lambda x: np.roll(x, 1, axis=(0, 1)),
    lambda x: np.roll(x, 7, axis=-1),
    at=(M,),
)
calls(
    "tile",
    lambda x: np.tile(x, 2),
    lambda x: np.tile(x, (2, 1)),
    lambda x: np.tile(x, (2, 1, 2)),
    lambda x: np.tile(x, 0),
    lambda x: np.tile(x, ()),
    at=(M,),
)
calls("tile", lambda x: np.tile(x, 3), lambda x: np.tile(x, (2, 2)), at=(1.5,))
calls(
    "repeat",
    lambda x: np.repeat(x, 2),
    lambda x: np.repeat(x, [1, 2, 0], axis=0),
    lambda x: np.repeat(x, 3, axis=-1),
    lambda x: x.repeat(2, 1),
    at=(M,),
)
calls("repeat", lambda x: np.repeat(x, 3), at=(1.5,))
calls(
    "diagonal",
    lambda x: np.diagonal(x),
    lambda x: np.diagonal(x, 1),
    lambda x: np.diagonal(x, -1, 1, 2),
    lambda x: x.diagonal(0, -1, 0),
    at=(T,),
)
calls(
    "diag",
    lambda x: np.diag(x),
    lambda x: np.diag(x, 1),
    lambda x: np.diag(x, -2),
    lambda x: np.diagflat(x, 1),
    lambda x: np.diag(np.outer(x, x), 1),
)
calls("diagflat", lambda x: np.diagflat(x), at=(M,))
calls(
    "fill_diagonal",
    lambda x: after_fill_diagonal(x, 5.0),
    lambda x: after_fill_diagonal(x, x[0, 0] ** 2),
    lambda x: after_fill_diagonal(x, [1.0, 2.0, 3.0]),
    lambda x: after_fill_diagonal(x, x[0, :3]),
    lambda x: after_fill_diagonal(x.T, 1.0, wrap=True),
    at=(M,),
)
calls(
    "fill_diagonal",
    lambda x: after_fill_diagonal(np.concatenate([x] * 3), 7.0, wrap=True),
    lambda x: after_fill_diagonal(x[:, :2] * 1, x[0, :2], wrap=True),
    at=(M,),
)
calls(
    "trace",
    lambda x: np.trace(x),
    lambda x: np.trace(x, 1),
    lambda x: np.trace(x, axis1=1, axis2=2),
    lambda x: x.trace(-1, dtype=np.float64),
    at=(T,),
)
calls("tril", lambda x: np.tril(x), lambda x: np.tril(x, -1), lambda x: np.triu(x), lambda x: np.triu(x, 2), at=(T,))
calls("triu", lambda x: np.triu(x, -1), lambda x: np.triu(x[0]), at=(T,))
calls("tril", lambda x: np.tril(x), lambda x: np.triu(x, 1))
calls(
    "tril_indices",
    lambda x: x[np.tril_indices(3)],
    lambda x: x[np.triu_indices(3, 1)],
    lambda x: x[np.triu_indices_from(x)],
    lambda x: x[np.tril_indices_from(x, -1)],
    lambda x: x[np.diag_indices(3)],
    lambda x: x[:, :3][np.diag_indices_from(x[:, :3])],
    lambda x: x[np.mask_indices(3, np.triu)],
    lambda x: x[np.unravel_index([1, 5], x.shape)],
    lambda x: x.ravel()[np.ravel_multi_index(([0, 1], [2, 3]), x.shape)],
    at=(M,),
)
