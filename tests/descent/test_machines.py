"""Steps over many workers: the same path to the last bit, whoever they are and whatever happens to them."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import gradwork as gw
from gradwork.descent import sources
from gradwork.descent.one_thread import _threads, one_thread
from gradwork.errors import ArgumentError

RNG = np.random.default_rng(5)
# Products of this size are shared by threads where NumPy has several, and are then added up in another order.
X = RNG.normal(size=(16_000, 64))
Y = np.sin(X[:, 0]) + X[:, 1]
START = {"W": RNG.normal(size=(64, 8)) / 8, "b": np.zeros(8), "v": RNG.normal(size=8)}


def loss(params, x, y):
    return np.mean((np.tanh(x @ params["W"] + params["b"]) @ params["v"] - y) ** 2)


def descend(executor, data=(X, Y), **options):
    settings = {"steps": 8, "learning_rate": 0.05, "progress": False, **options}
    return gw.descend(loss, START, data, executor=executor, **settings)


def bits(found):
    return found.losses.tobytes() + found.path.tobytes()


@pytest.fixture(scope="module")
def wanted():
    with ThreadPoolExecutor(1) as executor:
        return bits(descend(executor))


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        yield executor


@pytest.mark.parametrize("workers", [2, 5])
def test_threads_give_the_same_bits_however_many(wanted, workers):
    with ThreadPoolExecutor(workers) as executor:
        assert bits(descend(executor)) == wanted


def test_processes_give_the_same_bits(wanted, processes):
    assert bits(descend(processes)) == wanted
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        assert bits(descend(alone)) == wanted


def test_loky_gives_the_same_bits_though_its_workers_have_fewer_threads_the_more_they_are(wanted):
    loky = pytest.importorskip("loky", reason="loky is not installed")
    for workers in (1, 2):
        executor = loky.ProcessPoolExecutor(workers)
        try:
            assert bits(descend(executor)) == wanted
        finally:
            executor.shutdown(kill_workers=True)


@pytest.mark.parametrize(
    "options", [{"batch": 900}, {"method": "adam", "holdout": 0.2}, {"method": "line-search"}], ids=str
)
def test_batches_and_methods_give_the_same_bits(processes, options):
    with ThreadPoolExecutor(3) as threads:
        assert bits(descend(threads, **options)) == bits(descend(processes, **options))


def test_files_and_chunks_give_the_same_bits_with_workers_and_without(tmp_path, monkeypatch, processes):
    monkeypatch.setattr(sources, "LARGE", 1000)
    monkeypatch.setattr(sources, "PART", 65 * 8 * 1000)
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    maps = np.load(tmp_path / "x.npy", mmap_mode="r"), np.load(tmp_path / "y.npy", mmap_mode="r")

    def chunks():
        return ((X[a : a + 1000], Y[a : a + 1000]) for a in range(0, len(X), 1000))

    alone = bits(descend(None, maps))
    assert alone == bits(descend(processes, maps)) == bits(descend(processes, chunks)) == bits(descend(None, chunks))
    with ThreadPoolExecutor(2) as threads:
        assert alone == bits(descend(threads, maps)) == bits(descend(threads, chunks))


def test_a_worker_is_sent_a_place_in_a_file_and_not_the_rows(tmp_path):
    np.save(tmp_path / "x.npy", X)
    rows = sources.mapped_rows((np.load(tmp_path / "x.npy", mmap_mode="r"),), (True,))
    ticket = rows.ticket(0)
    assert len(pickle.dumps(ticket)) < 1000
    assert np.array_equal(pickle.loads(pickle.dumps(ticket)).load()[0], X[: rows.counts[0]])


# -- workers that are lost --------------------------------------------------------------------------------------------


def killed(processes_of, options, executor):
    """A run in whose midst a worker is killed: it is killed once the loss has fallen, so that work is under way."""

    def kill():
        began = time.monotonic()
        while not processes_of() and time.monotonic() < began + 30:
            time.sleep(0.05)
        time.sleep(2.5)
        os.kill(processes_of()[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    found = descend(executor, **options)
    killer.join()
    return found


@pytest.fixture(scope="module")
def long():
    with ThreadPoolExecutor(2) as executor:
        return descend(executor, steps=250)


def test_a_run_goes_on_with_the_same_bits_where_a_process_is_killed(long):
    executor = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    try:
        descend(executor, steps=1)
        found = killed(lambda: list(executor._processes or ()), {"steps": 250}, executor)
    finally:
        # A pool that has lost a worker may wait for the others for ever: it is not waited for.
        for process in list((executor._processes or {}).values()):
            process.kill()
        executor.shutdown(wait=False, cancel_futures=True)
    assert bits(found) == bits(long)


def test_a_run_goes_on_with_the_same_bits_where_a_worker_of_dask_is_killed(long):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        descend(executor, steps=1)
        found = killed(lambda: [w.process.pid for w in cluster.workers.values() if w.process], {"steps": 60}, executor)
    assert found.losses[:60].tobytes() == long.losses[:60].tobytes()


class Failing(Executor):
    """Works for a while, and then no more."""

    def __init__(self, good):
        self.good = good

    def submit(self, function, /, *args, **kwargs):
        self.good -= 1
        if self.good < -16:
            raise RuntimeError("it is shut down")
        future = Future()
        if self.good < 0:
            future.set_exception(OSError("the wire is cut"))
        else:
            future.set_result(function(*args, **kwargs))
        return future


@pytest.mark.parametrize("good", [30, 33, 64])
def test_an_executor_that_fails_in_the_midst_is_done_without(wanted, good):
    found = descend(Failing(good))
    assert bits(found) == wanted
    assert any("a worker was lost (" in note for note in found.notes)
    assert any("worked out without it" in note for note in found.notes)
    assert "a worker was lost" in str(found)


def test_an_executor_that_never_works_is_refused():
    with pytest.raises(ArgumentError, match="does not work out the loss") as caught:
        descend(Failing(0))
    assert "the wire is cut" in str(caught.value)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    with pytest.raises(ArgumentError, match="does not work out the loss"):
        descend(closed)
    with pytest.raises(ArgumentError, match="is no executor"):
        descend("dask")


def test_a_loss_that_cannot_be_sent_says_so(processes):
    lock = threading.Lock()
    with pytest.raises(ArgumentError, match="cannot be sent to another process"):
        gw.descend(lambda w, x: np.mean((x * w) ** 2) if lock else 0.0, 1.0, Y, executor=processes)


def test_a_fault_in_a_shard_names_op_row_and_step():
    x = np.linspace(0.5, 2, 1000)
    x[600:] += 4.0
    with ThreadPoolExecutor(2) as executor:
        found = gw.descend(
            lambda w, x: np.mean(np.sqrt(5.5 - x * w)) - w, 0.5, x, learning_rate=0.3, steps=50, executor=executor
        )
    assert found.reason == "diverged"
    assert int(found.explanation.split("sqrt gives nan, row ")[1].split()[0]) > 600
    assert "after step" in found.explanation


# -- one thread -------------------------------------------------------------------------------------------------------


def test_products_run_on_one_thread_within_and_on_as_many_as_before_after_it():
    threads = _threads()
    if threads is None:
        with one_thread():
            return
    read, write = threads
    before = read()
    write(2)
    try:
        two = read()
        with one_thread(), one_thread():
            assert read() == 1
        assert read() == two
    finally:
        write(before)
