"""Right gradients of assorted functions: oscillating, steep, ill-scaled, iterated, and with further NumPy calls."""

from __future__ import annotations

import numpy as np
from check.blind.case import Case, sigmoid

CASES: list[Case] = []


def case(name, *args, n=1):
    """`@case(name, *args)` before a function that gives (loss, gradient)."""

    def keep(pair):
        loss, gradient = pair()
        CASES.append(Case(f"assorted: {name}", "assorted", loss, gradient, args, (), "", n))
        return pair

    return keep


RNG = np.random.default_rng(1100)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=6)
W = RNG.normal(size=3)
SQUARE = RNG.normal(size=(4, 4))
POSITIVE = SQUARE @ SQUARE.T + 4 * np.eye(4)


def waves(frequency):
    def pair():
        def loss(w, X):
            return np.mean(np.cos(frequency * (X @ w)))

        def gradient(w, X):
            return (-frequency * X.T @ np.sin(frequency * (X @ w)) / len(X),)

        return loss, gradient

    return pair


for _f in (3, 30, 100, 300, 3000):
    case(f"cos({_f} x)", W, X)(waves(_f))
for _k in range(3):
    case(f"cos(30 x), weights times 10, {_k}", 10 * RNG.normal(size=3), X)(waves(30))


def powers(k):
    def pair():
        return (lambda x: np.sum(x**k), lambda x: (k * x ** (k - 1),))

    return pair


for _p in (3, 10, -2, 0.5):
    case(f"power {_p}", np.array([0.01, 0.5, 1.0, 7.0, 300.0]))(powers(_p))


def exponentials(k):
    def pair():
        return (lambda x: np.sum(np.exp(k * x)), lambda x: k * np.exp(k * x))

    return pair


for _k in (1, 20, 100, -50):
    case(f"exp({_k} x)", np.array([0.1, -0.3, 1.0, 2.0]))(exponentials(_k))


@case("logarithms from 1e-6 to 1e6", np.array([1e-6, 1e-3, 1.0, 1e3, 1e6]))
def logarithms():
    return (lambda x: np.sum(np.log(x)), lambda x: (1 / x,))


@case("reciprocals from 1e-4 to 1e4", np.array([1e-4, 1e-1, 1.0, -1e2, 1e4]))
def reciprocals():
    return (lambda x: np.sum(1 / x), lambda x: (-1 / x**2,))


@case("Rosenbrock", np.array([-1.2, 1.0, 0.7, 2.0]))
def rosenbrock():
    def loss(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def gradient(x):
        d = np.zeros_like(x)
        d[1:] = 200 * (x[1:] - x[:-1] ** 2)
        d[:-1] += -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
        return (d,)

    return loss, gradient


@case("saturated sigmoids", np.array([30.0, -30.0, 50.0, -700.0, 15.0]))
def saturated():
    def loss(z):
        return np.sum(1 / (1 + np.exp(-z)))

    def gradient(z):
        return (sigmoid(z) * sigmoid(-z),)

    return loss, gradient


@case("saturated tanh", np.array([5.0, -9.0, 19.0, 30.0, 0.5]))
def saturated_tanh():
    return (lambda z: np.sum(np.tanh(z)), lambda z: (1 / np.cosh(z) ** 2,))


@case("softmax with logits of 500", np.array([[500.0, 0, -500], [300, 299, 1], [2, 1, 0]]), np.array([0, 1, 2]))
def big_logits():
    def loss(z, labels):
        z = z - np.max(z, axis=1, keepdims=True)
        return np.sum(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(len(z)), labels])

    def gradient(z, labels):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return (e / e.sum(axis=1, keepdims=True) - np.eye(3)[labels],)

    return loss, gradient


@case("cross-entropy with 1e-12 inside the logarithm", W, 0.1, X, (Y > 0) * 1.0, n=2)
def epsilon():
    def loss(w, b, X, y):
        p = 1 / (1 + np.exp(-(X @ w + b)))
        return -np.mean(y * np.log(p + 1e-12) + (1 - y) * np.log(1 - p + 1e-12))

    def gradient(w, b, X, y):
        d = (sigmoid(X @ w + b) - y) / len(y)
        return X.T @ d, d.sum()

    return loss, gradient


@case("a parameter that does nothing", W, np.ones((2, 2)), X, Y, n=2)
def idle():
    def loss(w, unused, X, y):
        return np.mean((X @ w - y) ** 2) + 0.0 * np.sum(unused)

    return loss, lambda w, unused, X, y: (2 * X.T @ (X @ w - y) / len(y), np.zeros((2, 2)))


@case("Python numbers", 2.0, -3.0, n=2)
def numbers():
    return (lambda a, b: a * a * b + b, lambda a, b: (2 * a * b, a * a + 1))


@case("whole-number data", W, np.arange(18).reshape(6, 3), np.array([1, 0, 2, 5, 3, 1]))
def whole():
    return (
        lambda w, X, y: np.mean((X @ w - y) ** 2),
        lambda w, X, y: 2 * X.T @ (X @ w - y) / len(y),
    )


@case("linear system", POSITIVE, np.array([1.0, 2, -1, 0.5]), n=2)
def system():
    def gradient(A, b):
        x = np.linalg.solve(A, b)
        lam = np.linalg.solve(A.T, 2 * x)
        return -np.outer(lam, x), lam

    return (lambda A, b: np.sum(np.linalg.solve(A, b) ** 2)), gradient


@case("log determinant", POSITIVE)
def determinant():
    return (lambda A: np.log(np.linalg.det(A))), (lambda A: (np.linalg.inv(A).T,))


@case("Gaussian process likelihood", 0.2, -0.3, np.linspace(0, 3, 6), Y, n=2)
def process():
    def kernel(log_l, x):
        return np.exp(-0.5 * (x[:, None] - x) ** 2 / np.exp(2 * log_l))

    def loss(log_l, log_s, x, y):
        K = kernel(log_l, x) + np.exp(2 * log_s) * np.eye(len(x))
        return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.linalg.slogdet(K)[1]

    def gradient(log_l, log_s, x, y):
        k = kernel(log_l, x)
        inverse = np.linalg.inv(k + np.exp(2 * log_s) * np.eye(len(x)))
        alpha = inverse @ y
        G = 0.5 * (inverse - np.outer(alpha, alpha))
        d_l = np.sum(G * k * (x[:, None] - x) ** 2) / np.exp(2 * log_l)
        return d_l, 2 * np.exp(2 * log_s) * np.trace(G)

    return loss, gradient


@case("fixed point iterated 60 times", np.array([0.3, -0.2]), np.array([0.5, 0.4]))
def fixed_point():
    def solve(w, x):
        z = 0.0 * w
        for _ in range(60):
            z = np.tanh(w * z + x)
        return z

    def gradient(w, x):
        z = solve(w, x)
        s = 1 - z**2
        return (2 * z * s * z / (1 - s * w),)

    return (lambda w, x: np.sum(solve(w, x) ** 2)), gradient


@case("logistic map, 8 chaotic steps", 3.7, 0.3, n=2)
def chaos():
    def loss(r, x):
        for _ in range(8):
            x = r * x * (1 - x)
        return x

    def gradient(r, x):
        dr, dx = 0.0, 1.0
        for _ in range(8):
            dr, dx = x * (1 - x) + r * (1 - 2 * x) * dr, r * (1 - 2 * x) * dx
            x = r * x * (1 - x)
        return dr, dx

    return loss, gradient


@case("running sums written into an array", np.array([0.5, -0.2, 0.9, 0.1]), 0.9, n=2)
def filled():
    def loss(x, decay):
        total = 0.0
        s = 0.0
        for value in x:
            s = decay * s + value
            total = total + s * s
        return total

    def gradient(x, decay):
        states = [0.0]
        for value in x:
            states.append(decay * states[-1] + value)
        dx, d_decay, ds = np.zeros(len(x)), 0.0, 0.0
        for t in reversed(range(len(x))):
            ds = 2 * states[t + 1] + ds
            dx[t], d_decay = ds, d_decay + ds * states[t]
            ds = ds * decay
        return dx, d_decay

    return loss, gradient


@case("dropout drawn inside with a fixed seed", W, X, Y)
def drawn():
    def mask(X):
        return (np.random.default_rng(0).random(X.shape) < 0.7) / 0.7

    def loss(w, X, y):
        return np.mean(((X * mask(X)) @ w - y) ** 2)

    def gradient(w, X, y):
        D = X * mask(X)
        return (2 * D.T @ (D @ w - y) / len(y),)

    return loss, gradient


@case("einsum of three", SQUARE, RNG.normal(size=(4, 2)), RNG.normal(size=(2, 4)), n=3)
def einsum():
    def loss(A, B, C):
        return np.einsum("ij,jk,ki->", A, B, C) ** 2

    def gradient(A, B, C):
        t = 2 * np.trace(A @ B @ C)
        return t * (B @ C).T, t * (C @ A).T, t * (A @ B).T

    return loss, gradient


@case("sorted differences", np.array([0.3, -1.0, 2.0, 0.9]), np.array([0.1, 0.2, -0.5, 1.0]))
def transport():
    def gradient(a, b):
        d = np.zeros(len(a))
        order = np.argsort(a)
        d[order] = 2 * (a[order] - np.sort(b))
        return (d,)

    return (lambda a, b: np.sum((np.sort(a) - np.sort(b)) ** 2)), gradient


@case("cumulative product", np.array([0.9, 1.1, 0.8, 1.3]))
def products():
    def gradient(x):
        c = np.cumprod(x)
        return (np.cumsum(c[::-1])[::-1] / x,)

    return (lambda x: np.sum(np.cumprod(x))), gradient


@case("convolution", np.array([0.2, 0.5, -0.3]), RNG.normal(size=9))
def convolved():
    def gradient(k, x):
        r = 2 * np.convolve(x, k, mode="valid")
        return (np.array([r @ x[2 - j : 2 - j + len(r)] for j in range(3)]),)

    return (lambda k, x: np.sum(np.convolve(x, k, mode="valid") ** 2)), gradient


@case("a big layer", RNG.normal(size=(60, 50)) / 8, np.zeros(50), RNG.normal(size=(20, 60)), n=2)
def big():
    def loss(W, b, X):
        return np.mean(np.tanh(X @ W + b) ** 2)

    def gradient(W, b, X):
        h = np.tanh(X @ W + b)
        d = 2 * h * (1 - h**2) / h.size
        return X.T @ d, d.sum(axis=0)

    return loss, gradient


@case("whitened distance with an ill-conditioned matrix", np.array([1.0, 1.0]), np.array([[1e6, 0.0], [0.0, 1e-6]]))
def whitened():
    return (lambda x, A: 0.5 * x @ A @ x), (lambda x, A: (A @ x,))


@case("variance around 1e8", np.array([1e8, 1e8 + 1, 1e8 + 3]))
def variance():
    return (lambda x: np.mean((x - np.mean(x)) ** 2)), (lambda x: (2 * (x - np.mean(x)) / len(x),))


def cases() -> list[Case]:
    return list(CASES)
