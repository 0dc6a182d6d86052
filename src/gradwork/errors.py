"""Every error that a user can cause, all of one shape: what is wrong, where, why, and what to try.

`str(error)` is the whole message without its label; the command line puts `error[GW101]: ` in front.
Each class is also the built-in kind that a reader expects, so `except ValueError` goes on working.
Promises that gradwork makes to itself are kept by `assert`, not by these.
"""

from __future__ import annotations

import linecache
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the user's own text: a line of Python, of a model file, of a table, or of a formula.

    `line` and `column` count from 1, as editors do; `width` is how many characters are meant.
    """

    file: str
    line: int | None = None
    column: int | None = None
    width: int = 1
    text: str | None = None

    def source(self) -> str:
        """The line as it stands in the file, without its indentation; empty where it cannot be read."""
        if self.text is not None:
            return self.text
        return linecache.getline(self.file, self.line).strip() if self.line else ""

    def __str__(self) -> str:
        name = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        return f"{name}:{self.line}" if self.line else name

    def show(self) -> list[str]:
        """The lines of the message that point at this place."""
        text = self.source()
        label = str(self)
        if not text:
            return [f"  {label}"]
        lines = [f"  {label}    {text}"]
        if self.column is not None and self.text is not None:
            lines.append(" " * (len(label) + 6 + self.column - 1) + "^" * max(1, self.width))
        return lines


class GradworkError(Exception):
    """Something that the user can mend. `headline` alone already says what is wrong.

    >>> error = GradworkError("two names are equal", why="each is one parameter", hint="rename one")
    >>> print(error)
    two names are equal
     why: each is one parameter
     try: rename one
    """

    code: ClassVar[str] = "GW000"

    def __init__(
        self,
        headline: str,
        *,
        where: Where | None = None,
        why: str | None = None,
        hint: str | None = None,
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(headline)
        self.headline = headline
        self.where = where
        self.why = why
        self.hint = hint
        self.details = tuple(details)

    def __str__(self) -> str:
        lines = [self.headline]
        if self.where is not None:
            lines += self.where.show()
        lines += [f"  {detail}".rstrip() for detail in self.details]
        if self.why:
            lines.append(f" why: {self.why}")
        if self.hint:
            lines.append(f" try: {self.hint}")
        return "\n".join(lines)


class TracedValueError(GradworkError, TypeError):
    """A traced value was used where only a plain number or array can stand.

    While gradwork follows a function, its values carry their history. `2 * float(x)`, or `math.sin(x)` of a module that
    wants a plain number, would drop that history: the slope would be silently wrong. So it stops and says what to write
    instead. (A function of few numbers becomes a black box, with a warning: its slopes are measured by nudging.)

        error[GW101]: math.sin cannot take a traced value
          model.py:7    loss = math.sin(w[0]) ** 2
         why: the plain number would be a constant, and the step from x to it would be lost
         try: np.sin, which takes numbers and arrays alike; gw.black_box(f) around a function that needs plain numbers
              measures its slopes by nudging
    """

    code = "GW101"


class EscapedValueError(GradworkError, RuntimeError):
    """A traced value was kept and used after the function that it belongs to had returned.

    A value that is traced belongs to one run of the function. Kept in a list or an attribute, it is of no use after it.

        error[GW102]: a traced value was used after its function had returned
          train.py:12    history.append(loss)
         why: it stands for a step of that one run, which is over
         try: return the loss from the function, and keep what comes back
    """

    code = "GW102"


class MissingRuleError(GradworkError, NotImplementedError):
    """A NumPy function, or a use of one, has no rule here yet.

    Every op declares how a change passes through it. For a function that declares nothing no slope can be told.

        error[GW103]: np.fft.fft has no rule here yet
          signal.py:4    return np.abs(np.fft.fft(x))
         why: gradwork does not know how a change passes through it
         try: write it with functions from `gradwork ops`, or give its rule with gw.custom_rule(f, pullback)
    """

    code = "GW103"


class SharedMemoryError(GradworkError, ValueError):
    """A write would have to reach another array that shares its memory, and cannot.

    In NumPy a slice is a window on an array, and a write through it shows in both. Where gradwork cannot follow that,
    it says so instead of giving the slope of something else.

        error[GW104]: this write would have to reach another array that shares its memory
          model.py:9    y.ravel()[0] = x
         try: y = np.concatenate([[x], y[1:]])
    """

    code = "GW104"


class ShapeError(GradworkError, ValueError):
    """Shapes do not fit, or a loss is not one number.

    A gradient is taken of one number. Shapes have to fit as they do in NumPy; the message names both.

        error[GW105]: the shapes do not fit in X @ W
          cars.toml:9    Z = "X @ W + b"
          X  (50, 3)
          W  (2, 4)
         why: the columns of X (3) meet the rows of W (2)
         try: W with 3 rows
    """

    code = "GW105"


class ArgumentError(GradworkError, TypeError):
    """An argument is missing, unknown, or of the wrong kind.

    Names and positions are those of your function; a gradient has the structure of the argument that it belongs to.

        error[GW106]: the function has no argument named z
         why: its arguments are w, x and y
         try: wrt="w"
    """

    code = "GW106"


class UnknownOpError(GradworkError, LookupError):
    """A graph names an op that is not declared in this process.

    A graph refers to its ops by name. One that was saved with an op of your own needs that op's module imported first.

        error[GW107]: no op named 'swish' is declared in this process
         why: a graph refers to its ops by name; an op of your own has to be declared before it is used
         try: import the module that declares it
    """

    code = "GW107"


class RuleError(GradworkError, ValueError):
    """A rule that the user gave does not return what a rule has to return.

    A pullback gives one slope for each input, in the shape of that input.

        error[GW108]: the pullback of cube returned shape (3,) for an input of shape (3, 2)
         why: a slope has one number for each number of its input
         try: 3 * x**2 * g
    """

    code = "GW108"


class NoSlopeError(GradworkError, ValueError):
    """A slope was asked for where there is none, and no convention gives one.

    Where two eigenvalues, or two singular values, are equal, their vectors may be turned among themselves, and a loss
    that looks at single ones jumps. A complex vector may have any phase. A matrix that is not of full rank has an
    inverse of another rank beside it. A number given there would be chance.

        error[GW109]: this loss has no slope here: it looks at single vectors of eigenvalues that are equal
          pca.py:8    values, vectors = np.linalg.eigh(covariance)
         why: the vectors of equal eigenvalues may be turned among themselves, so which ones come out is chance
         try: a loss of the eigenvalues alone, or a point where no two are equal
    """

    code = "GW109"


class BlackBoxWarning(UserWarning):
    """A slope was measured by nudging: a function without a rule was met, or few digits of a slope are known."""


class FormulaError(GradworkError, ValueError):
    """A formula cannot be read, or names something unknown.

    A formula has numbers, names, + - * / ^ @, brackets, indexing and functions. It is read by a grammar and never
    run as a program.

        error[GW110]: there is no function named sen
          cars.toml:8    loss = "mean(sen(x*w))"
                                      ^^^
         why: the functions here are those of `gradwork ops`
         try: sin(...)
    """

    code = "GW110"


class ModelError(GradworkError, ValueError):
    """A model file says something that cannot be understood.

    A model file has `loss`, `[lines]` or `[[layer]]`, with parameters and data; the words of each table are fixed.

        error[GW120]: unknown word "activaton" in [[layer]]
          net.toml:9    activaton = "relu"
         try: activation
    """

    code = "GW120"


class DataError(GradworkError, ValueError):
    """A table of data has a missing column, a cell that is not a number, or no rows.

    A table is read as people have it: with commas or semicolons, decimal points or commas. What cannot be read as a
    number is named with its row and column.

        error[GW121]: row 17 of speed_mph is not a number: "n/a"
          cars.csv:18    n/a,56
         try: a number, or leave the row out
    """

    code = "GW121"


class MissingFileError(GradworkError, FileNotFoundError):
    """A file that was named is not there.

    Files named in a model file are looked for beside that file; others in the folder where you are.

        error[GW122]: there is no file cras.toml
         why: it was looked for in the folder where you are
         try: cars.toml
    """

    code = "GW122"


class UsageError(GradworkError, ValueError):
    """A command was given an option or a value that it does not have.

    The hint has the option or value that was probably meant; `--help` after a command lists all of them.

        error[GW130]: gradwork work has no option --wtr
         try: --wrt
    """

    code = "GW130"


class MissingExtraError(GradworkError, ImportError):
    """An optional package is not installed.

    The core needs NumPy alone. What goes beyond it says itself how it is installed.

        error[GW131]: a plot needs matplotlib, which is not installed
         try: python -m pip install "matplotlib>=3.8"
    """

    code = "GW131"


class NotRepeatableError(GradworkError, RuntimeError):
    """A function gives different results at the same point, so no nudge can tell what it caused.

    Random numbers (dropout, sampling), a counter, the time, or something kept between two calls do this. It is looked
    at before any slope is measured, and once more at the end.

        error[GW140]: the function gives different results at the same point
          first 0.773956, then 0.438878
         why: a rise that comes by itself cannot be told from one that the nudge caused
         try: draw random numbers from a generator made anew in each call: numpy.random.default_rng(0)
    """

    code = "GW140"


class ChangedArgumentError(GradworkError, ValueError):
    """A function writes to the arguments that it is given.

    A nudge moves one entry and holds all else still. A function that changes its arguments moves the point itself
    between two evaluations. Your own arrays are safe: the function saw copies.

        error[GW141]: the function changes its argument v in place
         why: a nudge moves one entry and holds all else still; here the point itself moves between two evaluations
         try: work on a copy inside the function: v = v.copy()
    """

    code = "GW141"


class StepError(GradworkError, ValueError):
    """The size of the nudge that was asked for cannot be used.

    It is no number above zero, does not fit its array, is lost in the last digit of its entry, or is so large that it
    leaves the function's domain on both sides.

        error[GW142]: a nudge of 1e-30 does not change w
         why: it is lost in the last digit of 1
         try: a larger step, or step=None to have one chosen
    """

    code = "GW142"


class MatrixError(GradworkError, ValueError):
    """A matrix is not what a function of linear algebra needs: invertible, positive definite, of full rank.

    NumPy raises `LinAlgError` there, and this error is one too, so a program that expects it goes on working.

        error[GW150]: solve cannot take W (3, 3), b (3,)
          fit.py:6    return np.linalg.solve(W, b)
         why: Singular matrix
         try: np.linalg.lstsq, or a small multiple of the identity added
    """

    code = "GW150"


class GradientError(GradworkError, AssertionError):
    """A gradient does not agree with what was measured.

    Each entry of the gradient is held against a measured slope, within what the measurement can tell.

        error[GW200]: your gradient is 2 times too large in all 3 entries
           w    yours   measured   ratio
           0    -3.00     -1.50     2.00
           1    -9.50     -4.75     2.00
           2     0.50      0.25     2.00
         why: the loss is a mean over 4 rows; yours lacks the factor 2/4
         try: multiply by 2/n with n = 4
    """

    code = "GW200"
