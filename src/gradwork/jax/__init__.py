"""Checking JAX: functions with rules of their own, `jax.custom_vjp` and `jax.custom_jvp`.

Slopes are measured by nudging, in double precision within a context: no setting is changed. The reverse rule is held
against them, the forward rule against the reverse: <c, J t> and <c J, t> are one number. What JAX computes is carried
over into gradwork's own graph where that can be done, so that a cause can be named. Needs the extra `jax`.

What is where: check (the public function), subject (the function as what is nudged), following (its graph), reading
and loops (JAX's program as a list of steps), program, simpler and replay (the steps, and what they give), places (the
user's lines), primitives/ (what each operation of JAX is in NumPy), precision and promises (what is looked at beside
the slopes).
"""

from __future__ import annotations

from gradwork.errors import MissingExtraError

try:
    import jax as _jax  # noqa: F401
except ImportError as _error:
    raise MissingExtraError(
        "gradwork.jax needs jax, which is not installed", hint='python -m pip install "jax>=0.4.30"'
    ) from _error

from gradwork.jax._check import check as check

__all__ = ["check"]
