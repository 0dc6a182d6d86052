"""Calls of torch, each with the shapes of its inputs: what can be carried over into gradwork's graph."""

from __future__ import annotations

import torch

nn, F = torch.nn, torch.nn.functional
D = torch.float64
LABELS = torch.tensor([0, 2, 1, 1, 3])
MASK = torch.tril(torch.ones(3, 3)).bool()


def of(function, *shapes):
    """A call at normal numbers."""
    return lambda g: (function, *(torch.randn(s, generator=g, dtype=D) for s in shapes))


def inside(function, *shapes):
    """A call at numbers between 0.1 and 0.9."""
    return lambda g: (function, *(0.8 * torch.rand(s, generator=g, dtype=D) + 0.1 for s in shapes))


def _positive(a):
    return a @ a.T + torch.eye(len(a), dtype=D)


def _put_in_parts(x):
    out = torch.zeros(5, 4, dtype=D)
    for k in range(5):
        out[k] = x[k] * (k + 1)
    out[:, 1] += x[:, 0]
    out[1:3].mul_(2)
    out.view(-1)[3] = x[0, 0]
    return out


def _two_views(x):
    y = x.clone()
    z = y.t()
    y.add_(1)
    y.relu_()
    return z * 2 + y.t()


def _states(x, w):
    h, hs = torch.zeros(4, dtype=D), torch.empty(5, 4, dtype=D)
    for t in range(5):
        h = torch.tanh(x[t] + h @ w)
        hs[t] = h
    return hs


def _into_buffers(x):
    sums = torch.zeros(5, 2, dtype=D)
    squares = torch.empty_like(x).copy_(x * x)
    squares.masked_fill_(x < 0, 0.5).clamp_(max=1.5)
    squares[:, 1:].copy_(x[:, :3] * 2)
    sums[:, 0] = x.sum(1)
    sums[:, 1].fill_(2.0)
    x.new_zeros(3).uniform_()
    return squares * sums.sum(1, keepdim=True)


def _decided(x):
    return x / x.max() if x.max() > 0 else x**2


def _embedded(function, *rest):
    return of(lambda w: function(torch.tensor([[0, 1], [1, 3]]), w, *rest), (4, 3))


ENTRYWISE = """abs neg sin cos tan tanh sigmoid exp expm1 exp2 sinh cosh asinh atan relu sign floor ceil trunc frac
square erf erfc sinc selu celu""".split()
OF_SHARES = "log log2 log10 log1p sqrt rsqrt reciprocal lgamma digamma acos asin atanh logit erfinv".split()
UNITS = """silu gelu mish elu selu celu softplus logsigmoid hardtanh relu6 hardsigmoid hardswish leaky_relu softshrink
hardshrink tanhshrink softsign glu normalize""".split()

CALLS = {
    **{name: of(getattr(torch, name), (3, 4)) for name in ENTRYWISE},
    **{name: inside(getattr(torch, name), (3, 4)) for name in OF_SHARES},
    **{f"F.{name}": of(getattr(F, name), (3, 4)) for name in UNITS},
    "acosh": inside(lambda x: torch.acosh(1 + x), (3,)),
    "gelu by tanh": of(lambda x: F.gelu(x, approximate="tanh"), (3, 4)),
    "softplus with beta": of(lambda x: F.softplus(20 * x, 2, 5), (3, 4)),
    "prelu": of(F.prelu, (5, 4), (4,)),
    "threshold": of(lambda x: F.threshold(x, 0.1, -2.0), (3, 4)),
    "round": of(lambda x: x - x.round(), (3,)),
    "nan_to_num": of(torch.nan_to_num, (3,)),
    "rsub": of(lambda x: 1 - x, (3,)),
    "pow": inside(torch.pow, (3,), (3,)),
    "power of a number": of(lambda x: 2**x + x**3, (3,)),
    "division": of(lambda a, b: a / b + torch.div(a, b, rounding_mode="floor"), (3,), (3,)),
    "clamp": of(lambda x: x.clamp(-0.3, 0.4) + x.clamp(min=0.1) + x.clamp(max=0.2), (3, 4)),
    "maximum": of(lambda a, b: torch.maximum(a, b) * torch.fmin(a, b), (3,), (3,)),
    "angles": of(lambda a, b: torch.atan2(a, b) + torch.hypot(a, b), (3,), (3,)),
    "remainders": of(lambda x: torch.fmod(x, 0.3) + torch.remainder(x, 0.4), (3,)),
    "logaddexp": of(lambda a, b: torch.logaddexp(a, b) + torch.logaddexp2(a, b), (3,), (3,)),
    "xlogy": inside(lambda a, b: torch.xlogy(a, b) + torch.special.xlog1py(a, b), (3,), (3,)),
    "lerp": of(torch.lerp, (3,), (3,), (3,)),
    "addcmul": of(lambda a, b, c: torch.addcmul(a, b, c, value=0.5) + torch.addcdiv(a, b, c), (3,), (3,), (3,)),
    "where": of(lambda a, b: torch.where(a > b, a * 2, b), (3,), (3,)),
    "masks": of(lambda x: x.masked_fill(x > 0, -1.0) * (x < 1).to(D) + x * ((x > 0) & (x < 1)), (3, 4)),
    "dropout": of(lambda x: F.dropout(x, 0.4), (3, 4)),
    "noise": of(lambda x: x + torch.randn_like(x) * x, (3, 4)),
    # products
    "products": of(lambda a, b, c: a @ b + torch.addmm(c, a, b, beta=0.5, alpha=2), (5, 4), (4, 3), (3,)),
    "linear": of(F.linear, (2, 5, 4), (3, 4), (3,)),
    "of vectors": of(lambda m, v: torch.mv(m, v).sum() * torch.dot(v, v) * torch.outer(v, v), (5, 4), (4,)),
    "batches": of(lambda a, b, c: torch.bmm(a, b) + torch.baddbmm(c, a, b), (2, 3, 4), (2, 4, 5), (2, 3, 5)),
    "addmv and addr": of(lambda a, m, v: torch.addmv(a, m, v) + torch.addr(m, a, v).sum(), (5,), (5, 4), (4,)),
    "einsum": of(lambda a, b: torch.einsum("bhid, bhjd -> bhij", a, b), (2, 2, 3, 4), (2, 2, 5, 4)),
    "bilinear": of(F.bilinear, (3, 2), (3, 4), (5, 2, 4)),
    "tensordot": of(lambda a, b: torch.tensordot(a, b, 1) + torch.kron(a, b).sum(), (2, 3), (3, 4)),
    "cross": of(lambda a, b: torch.linalg.cross(a, b) + torch.trace(a.T @ b), (2, 3), (2, 3)),
    "attention": of(F.scaled_dot_product_attention, (1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3, 4)),
    "causal": of(lambda *a: F.scaled_dot_product_attention(*a, is_causal=True), (2, 3, 4), (2, 3, 4), (2, 3, 4)),
    "masked": of(lambda *a: F.scaled_dot_product_attention(*a, attn_mask=MASK), (2, 3, 4), (2, 3, 4), (2, 3, 4)),
    "solve": of(lambda a, b: torch.linalg.solve(_positive(a), b), (4, 4), (4, 2)),
    "solve from the right": of(lambda a, b: torch.linalg.solve(_positive(a), b, left=False), (4, 4), (2, 4)),
    "triangular": of(lambda a, b: torch.linalg.solve_triangular(_positive(a), b, upper=True), (4, 4), (4, 2)),
    "inverse": of(lambda a: torch.linalg.inv(_positive(a)) + torch.linalg.pinv(a), (4, 4)),
    "determinants": of(lambda a: torch.det(a) + torch.logdet(_positive(a)) + torch.slogdet(a)[1], (4, 4)),
    "cholesky": of(lambda a: torch.linalg.cholesky(_positive(a)), (4, 4)),
    "qr": of(lambda a: torch.linalg.qr(a)[1].abs(), (4, 3)),
    "spectra": of(lambda a: torch.linalg.svdvals(a).sum() + torch.linalg.eigvalsh(a + a.T), (3, 3)),
    "distances": of(lambda a, b: torch.cdist(a, b) + torch.cdist(a, b, p=1), (3, 4), (5, 4)),
    "own distances": of(F.pdist, (4, 3)),
    # sums, extremes
    "sums": of(lambda x: x.sum((0, 2)) + x.mean((0, 2), keepdim=True) + x.prod(1).sum(), (2, 3, 4)),
    "spread": of(lambda x: x.var(1) + x.std(1, unbiased=False) + x.std() + torch.var_mean(x, 1)[1], (2, 3)),
    "norms": of(lambda x: x.norm() + x.norm(p=1, dim=1) + x.norm(p=3, dim=1), (2, 3)),
    "norm by the largest": of(lambda x: torch.linalg.vector_norm(x, float("inf")) + torch.linalg.norm(x), (2, 3)),
    "extremes": of(lambda x: x.amax(1) + x.max(1)[0] * x.min(1)[0] + x.max() - x.min(), (2, 3)),
    "running": of(lambda x: x.cumsum(1) * x.cumprod(1) + x.logcumsumexp(1) + x.cummax(1)[0], (2, 3)),
    "logsumexp": of(lambda x: x.logsumexp(1) + torch.logsumexp(x, (0, 1)), (2, 3)),
    "sorted": of(lambda x: x.sort(1, descending=True)[0] * torch.arange(3) + x.sort(0)[0], (2, 3)),
    "topk": of(lambda x: x.topk(2)[0] * torch.tensor([1.0, 2.0]) + x.kthvalue(2, keepdim=True)[0], (2, 3)),
    "median": of(lambda x: x.median() + x.median(1)[0], (2, 5)),
    "argmax": of(lambda x: x[torch.arange(2), x.argmax(1)] + x.gather(1, x.sort(1)[1])[:, 0], (2, 3)),
    # shapes
    "joined": of(lambda a, b: torch.cat([a, b], 1).sum(0) + torch.stack([a, a])[0, 0, 0], (2, 3), (2, 1)),
    "parts": of(lambda x: x.split(2, 1)[0] * x.chunk(2, 1)[1] * x.unbind(1)[0][:, None], (2, 4)),
    "repeated": of(lambda x: x.repeat(2, 1, 2).sum(0) + x.repeat_interleave(2, 1), (2, 3)),
    "turned": of(lambda x: x.flip(0, 1) * x.roll(1, 0) + torch.rot90(x, 2) * x.roll(2), (3, 2)),
    "diagonals": of(lambda x: torch.diagonal(x).sum() + torch.diag_embed(x, 1).sum(1) + torch.tril(x, 1).sum(), (3, 3)),
    "triangle": of(lambda x: torch.triu(x) @ torch.tril(x).mT, (3, 3)),
    "moved": of(lambda x: x.movedim(0, 2).squeeze().unsqueeze(1).expand(3, 5, 4, 2).flatten(1), (2, 3, 4)),
    "windows": of(lambda x: x.unfold(1, 3, 2) * x.as_strided((2, 4, 3), (1, 2, 1), 1), (2, 9)),
    "pads": of(lambda x: F.pad(x, (1, 2), value=2.0) * F.pad(x, (1, 2), mode="reflect"), (1, 2, 5)),
    "other pads": of(lambda x: F.pad(x, (1, 2), mode="replicate") * F.pad(x, (1, 2), mode="circular"), (1, 2, 5)),
    "cut": of(lambda x: F.pad(x, (-1, 2)) + F.pad(x, (0, 1)), (2, 5)),
    "pixel shuffle": of(lambda x: F.pixel_shuffle(x, 2), (1, 8, 3, 3)),
    # indices
    "picked": of(
        lambda x: x[1:4:2, ::2].sum() * x[torch.tensor([0, 2, 2])] + x[torch.arange(3), LABELS[:3]].sum(), (5, 4)
    ),
    "picked by a mask": of(lambda x: x[x > 0] + torch.masked_select(x, x > 0), (5, 4)),
    "gathered": of(
        lambda x: x.gather(1, LABELS[:, None]) + x.index_select(1, LABELS[:2]) + x.take(LABELS)[:, None], (5, 4)
    ),
    "scattered": of(lambda s: torch.zeros(5, 4, dtype=D).scatter(1, LABELS[:, None], s), (5, 1)),
    "added in places": of(lambda s: torch.zeros(4, 4, dtype=D).index_add(0, LABELS, s), (5, 4)),
    "scatter_add": of(lambda s: torch.zeros(4, 4, dtype=D).scatter_add(0, LABELS[:, None].expand(5, 4), s), (5, 4)),
    "index_put": of(lambda s: torch.ones(5, dtype=D).index_put((LABELS[:2],), s) * s.sum(), (2,)),
    "index_put, added": of(lambda s: torch.ones(5, dtype=D).index_put((LABELS[2:4],), s, accumulate=True), (2,)),
    "embedding": _embedded(F.embedding),
    "bags": _embedded(F.embedding_bag),
    # written into
    "put in parts": of(_put_in_parts, (5, 4)),
    "into buffers": of(_into_buffers, (5, 4)),
    "two views": of(_two_views, (5, 4)),
    "states": of(_states, (5, 4), (4, 4)),
    "decided": of(_decided, (5, 4)),
    # normalisations
    "layer norm": of(lambda x, w, b: F.layer_norm(x, (4,), w, b), (5, 4), (4,), (4,)),
    "rms norm": of(lambda x, w: F.rms_norm(x, (4,), w, 1e-5), (5, 4), (4,)),
    "group norm": of(lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
    "batch norm": of(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (2, 4, 3, 3), (4,), (4,)),
    "batch norm, held": of(
        lambda x, w: F.batch_norm(x, torch.ones(4, dtype=D), 2 * torch.ones(4, dtype=D), w), (5, 4), (4,)
    ),
    "instance norm": of(F.instance_norm, (2, 3, 5)),
    "local response": of(lambda x: F.local_response_norm(x, 3), (2, 4, 3, 3)),
    # windows
    "conv1d": of(lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=1, dilation=2), (2, 3, 9), (4, 3, 3), (4,)),
    "conv1d, same": of(lambda x, w: F.conv1d(x, w, padding="same"), (2, 3, 7), (4, 3, 3)),
    "conv2d": of(lambda x, w, b: F.conv2d(x, w, b, padding=1), (2, 2, 5, 4), (3, 2, 3, 3), (3,)),
    "conv2d, groups": of(lambda x, w: F.conv2d(x, w, groups=2, stride=(2, 1)), (2, 4, 5, 4), (6, 2, 3, 2)),
    "conv3d": of(F.conv3d, (1, 2, 3, 3, 4), (2, 2, 2, 2, 2), (2,)),
    "conv, transposed": of(
        lambda x, w, b: F.conv_transpose1d(x, w, b, stride=2, padding=1, output_padding=1), (2, 3, 4), (3, 2, 3), (2,)
    ),
    "conv2d, transposed": of(lambda x, w: F.conv_transpose2d(x, w, stride=2, groups=2), (1, 4, 3, 3), (4, 2, 2, 2)),
    "max pools": of(lambda x: F.max_pool2d(x, 2, 1, 1).sum() + F.max_pool2d(x, 3, 2, ceil_mode=True), (2, 3, 6, 6)),
    "max pool1d": of(lambda x: F.max_pool1d(x, 2) + F.adaptive_max_pool1d(x, 3), (2, 3, 6)),
    "mean pools": of(lambda x: F.avg_pool2d(x, 3, 2, 1) * F.avg_pool2d(x, 3, 2, 1, False, False), (2, 3, 5, 5)),
    "mean pool1d": of(lambda x: F.avg_pool1d(x, 2) + F.adaptive_avg_pool1d(x, 3), (2, 3, 6)),
    "adaptive": of(lambda x: F.adaptive_avg_pool2d(x, (2, 3)) + F.adaptive_avg_pool2d(x, 1), (2, 3, 5, 7)),
    "columns": of(lambda x: F.fold(F.unfold(x, 2), (4, 4), 2), (2, 3, 4, 4)),
    "upsampled": of(
        lambda x: F.interpolate(x, scale_factor=2) * F.interpolate(x, scale_factor=2, mode="bilinear"), (1, 2, 3, 3)
    ),
    # losses
    "softmax": of(lambda x: F.softmax(x, 0) * F.log_softmax(x, -1), (5, 4)),
    "cross-entropy": of(lambda x: F.cross_entropy(x, LABELS), (5, 4)),
    "with a label left out": of(lambda x: F.cross_entropy(x, torch.tensor([0, 2, -100, 1, 3])), (5, 4)),
    "with weights": of(lambda x: F.cross_entropy(x, LABELS, torch.arange(1, 5).to(D)), (5, 4)),
    "smoothed": of(lambda x: F.cross_entropy(x, LABELS, label_smoothing=0.1), (5, 4)),
    "with shares": of(lambda x: F.cross_entropy(x, torch.full((5, 4), 0.25, dtype=D)), (5, 4)),
    "of images": of(lambda x: F.cross_entropy(x, torch.tensor([[0, 1, 2], [2, 1, 0]]), reduction="none"), (2, 3, 3)),
    "of one row": of(lambda x: F.nll_loss(x, torch.tensor(2)), (4,)),
    "squares": of(lambda a, b: F.mse_loss(a, b) + F.l1_loss(a, b), (5, 4), (5, 4)),
    "huber": of(lambda a, b: F.huber_loss(a, b, delta=0.7) + F.smooth_l1_loss(a, b, beta=0.5), (5, 4), (5, 4)),
    "binary": inside(lambda p: F.binary_cross_entropy(p, torch.tensor([0.0, 1, 1], dtype=D)), (3,)),
    "binary, of scores": of(
        lambda z: F.binary_cross_entropy_with_logits(z, torch.tensor([0.0, 1, 1], dtype=D), pos_weight=LABELS[1].to(D)),
        (3,),
    ),
    "divergence": inside(lambda a, b: F.kl_div(a.log(), b, reduction="batchmean"), (3, 4), (3, 4)),
    "margins": of(F.triplet_margin_loss, (3, 4), (3, 4), (3, 4)),
    "cosine": of(lambda a, b: F.cosine_similarity(a, b) + F.pairwise_distance(a, b), (3, 4), (3, 4)),
    "gaussian": inside(F.gaussian_nll_loss, (3,), (3,), (3,)),
    "poisson": of(lambda x: F.poisson_nll_loss(x, torch.arange(3).to(D)), (3,)),
    "soft margin": of(lambda x: F.soft_margin_loss(x, torch.tensor([1.0, -1, 1], dtype=D)), (3,)),
}

MODULES = {
    "LSTM": lambda: (nn.LSTM(3, 2, batch_first=True).to(D), torch.randn(2, 4, 3, dtype=D)),
    "GRU": lambda: (nn.GRU(3, 2).to(D), torch.randn(4, 2, 3, dtype=D)),
    "RNN": lambda: (nn.RNN(3, 2, 2, bidirectional=True).to(D), torch.randn(4, 2, 3, dtype=D)),
    "LSTMCell": lambda: (nn.LSTMCell(3, 2).to(D), torch.randn(2, 3, dtype=D)),
    "GRUCell": lambda: (nn.GRUCell(3, 2).to(D), torch.randn(2, 3, dtype=D)),
    "encoder": lambda: (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).to(D), torch.randn(2, 3, 4, dtype=D)),
    "encoder, eval": lambda: (
        nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).to(D).eval(),
        torch.randn(2, 3, 4, dtype=D),
    ),
    "decoder": lambda: (
        nn.TransformerDecoderLayer(4, 2, 8).to(D),
        torch.randn(3, 2, 4, dtype=D),
        torch.randn(3, 2, 4, dtype=D),
    ),
}
