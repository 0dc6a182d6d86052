"""Every task of this repository as one command: `python3 dev.py TASK`. Needs Python 3.11 or newer and nothing else.

    python3 dev.py work examples/cars.toml    the gradwork command, any of it: work, nudge, derive, ops, ...
    python3 dev.py test                       the tests; further arguments go to pytest
    python3 dev.py lint                       ruff: style and format
    python3 dev.py types                      mypy
    python3 dev.py docs                       every example in README.md, docs/ and the docstrings
    python3 dev.py bench                      the benchmarks
    python3 dev.py peers                      install what some tests compare with: torch, JAX, SciPy, mpmath, ...
    python3 dev.py all                        test, lint, types, docs

The first run makes a virtual environment in .venv and installs into it what the task needs. It is made anew when
Python, this folder's place or the dependencies in pyproject.toml have changed, and when it is broken.
"""

# This file says kindly that a Python is too old, so it is written in what old ones can read: no list[str],
# no tomllib at the top.

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "gradwork-stamp.json"
LOG = VENV / "pip.log"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
OLDEST = (3, 11)


class SetupFailed(Exception):
    """The environment cannot be made; the message says what, why and what to try."""


# --- the tasks -------------------------------------------------------------------------------------------------


def test(arguments):
    """Run the tests, on several cores where the whole suite is run: starting workers takes seconds."""
    cores = min(os.cpu_count() or 1, 4)
    chosen = any(argument.split("::")[0] in ("-k", "-m", "-n", "-x", "--lf", "--pdb") for argument in arguments)
    paths = any((ROOT / argument.split("::")[0]).exists() for argument in arguments)
    spread = ["-n", str(cores)] if cores > 1 and not chosen and not paths else []
    return run_module("pytest", *spread, *arguments)


def lint(arguments):
    """Check style and format; `--fix` mends what can be mended."""
    fix = "--fix" in arguments
    checked = run_module("ruff", "check", *(["--fix"] if fix else []), ".")
    formatted = run_module("ruff", "format", *([] if fix else ["--check"]), ".")
    return checked or formatted


def types(arguments):
    """Check the types of the package."""
    return run_module("mypy", *arguments)


def docs(arguments):
    """Run every example that a reader could try: those of the pages and those of the docstrings."""
    # What needs an extra that is not installed (gradwork.torch, gradwork.jax) is left out, and named.
    options = ("--doctest-modules", "--doctest-ignore-import-errors")
    return run_module("pytest", *options, "tests/documentation", "src/gradwork", *arguments)


def bench(arguments):
    """Run the benchmarks; their figures go to benchmarks/RESULTS.md."""
    return run(PYTHON, "benchmarks/run.py", *arguments)


# Pinned where a newer one would bring gigabytes: this torch is a build for processors.
PEERS = ("torch==2.13.0", "jax", "scipy", "mpmath", "scikit-learn", "matplotlib")


def peers(arguments):
    """Install the optional peers; what cannot be had leaves its tests standing aside, which they say."""
    for peer in arguments or PEERS:
        done = subprocess.run(
            [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer],
            capture_output=True,
            text=True,
        )
        print(
            f"{peer}: {'installed' if done.returncode == 0 else 'not to be had here; its tests stand aside'}",
            flush=True,
        )
    return 0


def all_tasks(arguments):
    """Run what a change has to pass."""
    return max([task([]) for task in (test, lint, types, docs)])


TASKS = {"test": test, "lint": lint, "types": types, "docs": docs, "bench": bench, "peers": peers, "all": all_tasks}


def main(arguments):
    """Make the environment ready, then run the task."""
    if sys.version_info < OLDEST:
        return run_with_newer_python(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    task = TASKS.get(arguments[0])
    try:
        prepare("dev" if task else "")
    except SetupFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        progress("")
        print("interrupted; the next run begins the set-up anew", file=sys.stderr)
        return 130
    if task:
        return task(arguments[1:])
    return run(SCRIPTS / "gradwork", *arguments, folder=None)


# --- running things --------------------------------------------------------------------------------------------


def run(*command, folder=ROOT):
    """Run a command to its end; the exit code. Interrupting it is the command's own affair."""
    process = subprocess.Popen([str(word) for word in command], cwd=None if folder is None else str(folder))
    while True:
        try:
            code = process.wait()
            return code if code >= 0 else 128 - code  # ended by a signal: as a shell says it
        except KeyboardInterrupt:
            continue


def run_module(name, *arguments):
    """Run a module of the environment as a program, and say how long it took."""
    started = time.monotonic()
    code = run(PYTHON, "-m", name, *arguments)
    print(f"{name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True)
    return code


# --- the environment -------------------------------------------------------------------------------------------


def prepare(extra):
    """Make sure that the environment holds the package, and the extra if one is named."""
    wanted = fingerprint()
    stamp = read_stamp()
    fresh = stamp.get("fingerprint") == wanted and works()
    if fresh and (not extra or extra in stamp["extras"]):
        return
    if not fresh:
        stamp = {"fingerprint": wanted, "extras": []}
        make_environment()
    extras = sorted({*stamp["extras"], *([extra] if extra else [])})
    install(extras)
    STAMP.write_text(json.dumps({"fingerprint": wanted, "extras": extras}), encoding="utf-8")


def fingerprint():
    """What the environment was made for: when this changes, it is made anew."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [str(ROOT), sys.version, settings["build-system"], settings["project"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read_stamp():
    """What was written after the last set-up that went through; empty if none has."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def works():
    """Whether the environment's Python starts and finds what was installed."""
    look = "import gradwork, importlib.util as find; raise SystemExit(find.find_spec('numpy') is None)"
    try:
        return subprocess.run([str(PYTHON), "-c", look], cwd=str(VENV), capture_output=True).returncode == 0
    except OSError:
        return False


def make_environment():
    """Make .venv, in place of any that is there."""
    import venv

    progress("setting up .venv, once")
    try:
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        shutil.rmtree(str(VENV), ignore_errors=True)
        venv.create(str(VENV), with_pip=True, symlinks=os.name != "nt")
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(str(VENV), ignore_errors=True)
        progress("")
        hint = "sudo apt install python3-venv" if shutil.which("apt") else "a Python from python.org, which has venv"
        raise SetupFailed(explained(f"cannot make a virtual environment in {VENV}", str(error), hint)) from None


def install(extras):
    """Install the package as it stands here, so that an edit is seen at once; pip also compiles what it installs."""
    named = f"[{','.join(extras)}]" if extras else ""
    progress(f"installing gradwork{named} and what it needs")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--editable", f"{ROOT}{named}"]
    # A setting that asks pip for --user installs, which make no sense in an environment, is put aside.
    done = subprocess.run(command, cwd=str(ROOT), env={**os.environ, "PIP_USER": "0"}, capture_output=True)
    progress("")
    if done.returncode != 0:
        log = (done.stdout + done.stderr).decode(errors="replace")
        LOG.write_text(log, encoding="utf-8")
        raise SetupFailed(pip_failure(log))


def pip_failure(log):
    """What pip's failure means, with the lines of its log that say so."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("ERROR: ")] or lines
    said = "\n".join("   " + line for line in telling[-5:])
    why, hint = reason(log)
    return explained(f"pip cannot install what this task needs\n{said}", why, f"{hint}\n      the whole log: {LOG}")


def reason(log):
    """Why pip failed, and what helps, as far as its log tells."""
    if "No space left" in log:
        return "the disk is full", "make room: NumPy takes about 70 MB, the test tools 400 MB"
    if any(sign in log for sign in ("NewConnectionError", "name resolution", "timed out", "from versions: none")):
        return "the package index cannot be reached", "the same command once this machine is on line"
    if "No matching distribution" in log:
        return "the package index has no release for this Python", "the same command with another Python, 3.11 or newer"
    return "pip says so itself in the lines above", "the same command once more"


def explained(headline, why, hint):
    """A message in the shape of all of ours."""
    return f"error: {headline}\n why: {why}\n try: {hint}"


def progress(text):
    """One line that says what is going on, on the error stream; in a window the next line takes its place."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K" + text)
    elif text:
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def run_with_newer_python(arguments):
    """This Python is too old: go on with a newer one, if this machine has it."""
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer and subprocess.call([newer, "-c", "import venv, ensurepip"], stderr=subprocess.DEVNULL) == 0:
            return subprocess.call([newer, str(Path(__file__).resolve()), *arguments])
    this = ".".join(map(str, sys.version_info[:3]))
    headline = f"gradwork needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {this}"
    print(explained(headline, f"{sys.executable} is too old", "a newer one, from python.org"), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
