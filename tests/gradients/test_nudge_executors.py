"""Many workers: the same results to the last bit, the function sent once a worker, and nothing lost with a worker."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import gradwork as gw
from gradwork.errors import ArgumentError, ChangedArgumentError
from gradwork.gradients.nudging import shards
from gradwork.gradients.nudging.shards import Carried
from gradwork.gradients.nudging.start import started

# Forking a process in which JAX has been imported warns, rightly: its threads do not come along.
FRESH = get_context("spawn")
POINT = np.linspace(-1, 1, 101) * (np.arange(101) > 1)
HEAVY = np.linspace(0, 1, 101 * 200).reshape(101, 200)


def wide_loss(w):
    return np.sum(np.tanh(w) ** 2) + np.sum(np.abs(w[:3]))


def heavy_loss(w, data):
    return np.mean(np.sin(w @ data) ** 2)


def writes(w, seen):
    seen[0] += w[1] != POINT[1]
    return np.sum(w**2)


def same(one, other):
    assert np.array_equal(one.gradient, other.gradient)
    assert np.array_equal(one.error, other.error)
    assert np.array_equal(one.after, other.after)
    assert one.kinks == other.kinks
    assert one.evaluations == other.evaluations
    assert not other.partial


@pytest.fixture(scope="module")
def alone():
    return gw.nudge(wide_loss, POINT)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads(alone, workers):
    with ThreadPoolExecutor(workers) as pool:
        same(alone, gw.nudge(wide_loss, POINT, executor=pool))


def test_processes_and_a_function_that_travels_once(alone):
    data = gw.nudge(heavy_loss, POINT, HEAVY, mode="definition")
    with ProcessPoolExecutor(2, mp_context=FRESH) as pool:
        same(alone, gw.nudge(wide_loss, POINT, executor=pool))
        same(data, gw.nudge(heavy_loss, POINT, HEAVY, mode="definition", executor=pool))
        lock = threading.Lock()

        def held(w):
            with lock:
                return w @ w

        with pytest.raises(ArgumentError, match="cannot be sent"):
            gw.nudge(held, np.ones(2), executor=pool)
        with pytest.raises(ChangedArgumentError, match="seen"):
            gw.nudge(writes, POINT, np.zeros(1), executor=pool)


def test_a_small_key_stands_for_a_large_subject(monkeypatch):
    monkeypatch.setattr(shards, "_KEPT", shards._KEPT.__class__())
    carried = Carried(started(heavy_loss, (POINT, HEAVY), {}, 0).subject)
    assert carried.by_key() is carried, "nothing was sent yet"
    whole = pickle.dumps(carried)
    by_key = pickle.dumps(carried.by_key())
    assert len(whole) > HEAVY.nbytes > 100 * len(by_key)
    assert pickle.loads(by_key).subject is None, "this worker has never seen it"
    first = pickle.loads(whole).subject
    assert pickle.loads(by_key).subject is first
    small = Carried(started(wide_loss, (POINT,), {}, 0).subject)
    pickle.dumps(small)
    assert small.by_key() is small


def analytic(w):
    return np.stack([np.sum(np.sin(w) ** 3), np.prod(1 + w / 9)])


def by_hand(w):
    """Nothing in it can be traced."""
    return np.sum(np.frombuffer(w.tobytes(), w.dtype) ** 3)


@pytest.mark.parametrize("f", [analytic, by_hand])
def test_the_complex_step_on_many_workers(f):
    one = gw.nudge(f, POINT, scheme="complex")
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2, mp_context=FRESH) as processes:
        for executor in (threads, processes):
            other = gw.nudge(f, POINT, scheme="complex", executor=executor)
            assert np.array_equal(one.gradient, other.gradient)
            assert np.array_equal(one.error, other.error)
            assert one.evaluations == other.evaluations


def test_the_complex_step_says_the_same_of_what_cannot_be_sent_or_is_not_analytic(monkeypatch):
    monkeypatch.setitem(sys.modules, "cloudpickle", None)  # loky or dask, once imported, bring it
    with ProcessPoolExecutor(1, mp_context=FRESH) as pool, pytest.raises(ArgumentError, match="complex step"):
        gw.nudge(lambda w: np.sum(np.abs(w)), POINT, scheme="complex", executor=pool)
    with ProcessPoolExecutor(1, mp_context=FRESH) as pool, pytest.raises(ArgumentError, match="cannot be sent"):
        gw.nudge(lambda w: by_hand(w), POINT, scheme="complex", executor=pool)


def test_formulas_travel():
    values = {"x": np.arange(5.0), "w": 2.0, "y": np.ones(5)}
    with ProcessPoolExecutor(1, mp_context=FRESH) as pool:
        found = gw.nudge("mean(sigmoid(x*w) - y)", wrt="w", kwargs=values, executor=pool)
    assert found.gradient == gw.nudge("mean(sigmoid(x*w) - y)", wrt="w", kwargs=values).gradient


def test_an_interrupt_gives_up_what_has_not_begun():
    calls = []

    def slow(w):
        calls.append(1)
        if len(calls) > 300:
            raise KeyboardInterrupt
        return float(np.sum(w**2))

    with ThreadPoolExecutor(1) as pool:
        found = gw.nudge(slow, np.ones(2000), executor=pool, scheme="forward", mode="definition")
    assert found.partial
    assert len(calls) < 1000
    assert "Interrupted" in found.to("plain")


def test_loky(alone):
    loky = pytest.importorskip("loky", reason="loky is not installed")
    pool = loky.ProcessPoolExecutor(max_workers=2)
    try:
        same(alone, gw.nudge(wide_loss, POINT, executor=pool))
        factor = 3.0
        found = gw.nudge(lambda w: factor * np.sum(w**2), POINT, executor=pool)
        same(gw.nudge(lambda w: factor * np.sum(w**2), POINT), found)
    finally:
        pool.shutdown(wait=True, kill_workers=True)


@pytest.mark.filterwarnings("ignore")
def test_dask_loses_nothing_with_a_worker():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")

    def slow(w, data):
        time.sleep(0.002)
        return float(np.sum(np.sin(w @ data) ** 2))

    short = POINT[:60] + 0.5
    alone = gw.nudge(slow, short, HEAVY[:60], scheme="central")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = list(client.run(os.getpid).values())
        assert os.getpid() not in workers
        killed = []

        def kill():
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])

        timer = threading.Timer(0.3, kill)
        timer.start()
        together = gw.nudge(slow, short, HEAVY[:60], scheme="central", executor=client.get_executor())
        assert killed, "the work was over before the worker was killed"
        same(alone, together)
