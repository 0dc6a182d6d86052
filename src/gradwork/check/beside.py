"""What is worked out once for an object, kept beside it.

A WeakKeyDictionary would keep the object for ever where what is kept refers back to it, and here nearly all of it does:
the names of a graph's nodes know their graph. Kept on the object itself, both go together.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Beside(Generic[Key, Value]):
    """Object → what is kept beside it; as a dict is used. The object needs a `__dict__`, and may be frozen.

    >>> class Graph: pass
    >>> lengths, graph = Beside(), Graph()
    >>> lengths[graph] = 3
    >>> graph in lengths, lengths[graph], lengths.get(Graph())
    (True, 3, None)
    """

    def __setitem__(self, key: Key, value: Value) -> None:
        _kept(key)[self] = value

    def __getitem__(self, key: Key) -> Value:
        return _kept(key)[self]  # type: ignore[no-any-return]

    def __contains__(self, key: Key) -> bool:
        return self in _kept(key)

    def get(self, key: Key, default: Value | None = None) -> Value | None:
        """What is kept, or the default."""
        return _kept(key).get(self, default)

    def setdefault(self, key: Key, default: Value) -> Value:
        """What is kept; the default is kept where nothing is."""
        return _kept(key).setdefault(self, default)  # type: ignore[no-any-return]


def _kept(key: Any) -> dict[Any, Any]:
    return key.__dict__.setdefault("_beside", {})  # type: ignore[no-any-return]
