"""Rules of JAX with ordinary mistakes, and right ones beside them: `score_jax.py` runs the checker over them."""
