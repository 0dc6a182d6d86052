"""A forward rule and a reverse rule that are not of one function. Seen where functions are checked by themselves."""

from __future__ import annotations

from gradwork.check.cause import Cause

CAUSE = Cause(
    code="GW252",
    name="forward and reverse disagree",
    summary="A function's forward rule (jvp) and its reverse rule (vjp) are not those of one function.",
    explain="A direction t carried forward, J t, and numbers c sent back, c J, belong to one table of slopes, so the "
    "dot products <c, J t> and <c J, t> are one number. Where they are not, one of the two rules is wrong; the "
    "measured slope says which.",
    broken="""
import jax
import jax.numpy as jnp

@jax.custom_jvp
def soften(x):
    return jnp.log1p(jnp.exp(x))

@soften.defjvp
def soften_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return soften(x), t * jnp.exp(x)
""",
    mended="""
@soften.defjvp
def soften_jvp(primals, tangents):
    (x,), (t,) = primals, tangents
    return soften(x), t * jax.nn.sigmoid(x)
""",
    rank=6,
    fact=True,
)
