"""Medians, quantiles and covariance."""

from __future__ import annotations

import numpy as np

from numpy_calls.common import G, M, P, T, W, calls

for _method in (
    "linear lower higher midpoint nearest inverted_cdf averaged_inverted_cdf closest_observation "
    "interpolated_inverted_cdf hazen weibull median_unbiased normal_unbiased"
).split():
    for _q in (0.3, 0.0, 1.0, 0.55, [0.1, 0.5, 0.9], [[0.2], [0.7]]):
        calls(
            "quantile",
            lambda x, m=_method, q=_q: np.quantile(x, q, method=m),
            lambda x, m=_method, q=_q: np.quantile(x, q, axis=1, method=m),
            at=(M,),
        )
calls(
    "quantile",
    lambda x: np.quantile(x, [0.3, 0.6], axis=(0, 2), keepdims=True),
    lambda x: np.quantile(x, 0.3, axis=0, keepdims=True),
    at=(T,),
)
calls(
    "quantile",
    lambda x: np.quantile(x, 0.3, weights=P, method="inverted_cdf"),
    lambda x: np.quantile(x, [0.3, 0.8], weights=P, method="inverted_cdf"),
)
calls("quantile", lambda x: np.quantile(x, 0.3, weights=P, method="inverted_cdf", axis=1), at=(M,))
calls("quantile", lambda x, q: np.quantile(x, q), at=(M, 0.3))
calls("quantile", lambda x, q: np.quantile(x, q, axis=0), at=(M, np.array([0.3, 0.6])))
calls(
    "percentile",
    lambda x: np.percentile(x, 30),
    lambda x: np.percentile(x, [5, 50], axis=0),
    lambda x: np.percentile(x, 50, axis=-1, keepdims=True),
    at=(M,),
)
calls("percentile", lambda x, q: np.percentile(x, q), at=(M, 33.0))
calls(
    "nanquantile",
    lambda x: np.nanquantile(x + G, 0.3),
    lambda x: np.nanquantile(x + G, 0.3, axis=1),
    lambda x: np.nanquantile(x + G, [0.2, 0.6], axis=1, keepdims=True),
)
calls(
    "nanpercentile",
    lambda x: np.nanpercentile(x + G, 30),
    lambda x: np.nanpercentile(x + G, [5, 50], axis=1, method="lower"),
)
calls(
    "cov",
    lambda x: np.cov(x),
    lambda x: np.cov(x, rowvar=False),
    lambda x: np.cov(x, bias=True),
    lambda x: np.cov(x, ddof=0),
    at=(M,),
)
calls("cov", lambda x, y: np.cov(x, y), lambda x, y: np.cov(x, y, rowvar=False), at=(M, T[0]))
calls(
    "cov",
    lambda x: np.cov(x),
    lambda x: np.cov(x, x**2),
    lambda x: np.cov(x, fweights=[1, 2, 1, 3]),
    lambda x: np.cov(x, aweights=P),
)
calls(
    "cov",
    lambda x, w: np.cov(x, aweights=w),
    lambda x, w: np.cov(x, aweights=w, fweights=[1, 2, 3, 1], ddof=0),
    at=(M, P),
)
calls("corrcoef", lambda x: np.corrcoef(x), lambda x: np.corrcoef(x, rowvar=False), at=(M[:, :3] * T[0, :, :3],))
calls("corrcoef", lambda x: np.corrcoef(x, W))
