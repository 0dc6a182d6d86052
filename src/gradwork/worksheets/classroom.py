"""Many learners at once: answers as files, a roster that gives each their own numbers, and the report on a class.

Answers are CSV or JSON. A table has a row a learner (learner, seed, 1, 2, 3, ...), or a row an answer (learner, blank,
answer), or, for one learner, blank and answer alone. JSON is {"1": "3.5", ...}, or a list of {"learner", "seed",
"answers"}.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gradwork.check.cause import Cause
from gradwork.errors import DataError
from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table
from gradwork.notation.language import ENGLISH, Language
from gradwork.worksheets.marked import Marked
from gradwork.worksheets.marks import EMPTY, MISTAKE, UNREADABLE, WRONG
from gradwork.worksheets.sheet import Sheet


@dataclass(frozen=True)
class Answers:
    """What one learner typed. `seed` is that of their sheet, None where nothing says it.

    checksum, about: of the sheet that they were typed on, and what it is, where the file says it.
    """

    learner: str
    answers: Mapping[int, str]
    seed: int | None = None
    checksum: str = field(default="", repr=False)
    about: str = field(default="", repr=False)


def read_answers(text: str, name: str = "the answers") -> list[Answers]:
    """Answers from a file's text. Raises DataError for a text that is none.

    >>> read_answers('{"1": "2", "2": "-3,5"}')
    [Answers(learner='', answers={1: '2', 2: '-3,5'}, seed=None)]
    """
    stripped = text.lstrip("\ufeff").strip()
    if not stripped:
        raise DataError(f"{name} is empty", why="answers are CSV or JSON", hint="blank,answer")
    if stripped[0] in "{[":
        try:
            return list(_from_json(json.loads(stripped), name))
        except json.JSONDecodeError as error:
            raise DataError(f"{name} cannot be read", why=f"it is no JSON: {error}") from error
    return list(_from_table(stripped, name))


def _from_json(found: Any, name: str) -> Iterator[Answers]:
    if isinstance(found, list):
        for one in found:
            yield from _from_json(one, name)
    elif isinstance(found, dict) and isinstance(found.get("answers"), dict):
        seed = found.get("seed")
        learner = str(found.get("learner", found.get("name", "")))
        about = ", ".join(f"{k} {found[k]}" for k in ("chapter", "level", "seed") if k in found)
        typed = _typed(found["answers"], name)
        yield Answers(learner, typed, _whole(seed, name), str(found.get("checksum") or ""), about)
    elif isinstance(found, dict) and found and all(isinstance(own, dict) for own in found.values()):
        for learner, own in found.items():  # learner → answers
            yield from _from_json({"learner": learner, **(own if "answers" in own else {"answers": own})}, name)
    elif isinstance(found, dict):
        yield Answers("", _typed(found, name))
    else:
        raise DataError(f"{name} holds no answers", why='JSON answers are {"1": "3.5", ...} or a list of learners')


def _whole(seed: object, name: str) -> int | None:
    if seed is None or seed == "":
        return None
    if not str(seed).strip().isdecimal():
        raise DataError(f"the seed {seed!r} is no whole number", why=f"it stands in {name}")
    return int(str(seed))


def _typed(found: Mapping[Any, Any], name: str) -> dict[int, str]:
    answers = {}
    for number, text in found.items():
        if not str(number).strip().isdecimal():
            raise DataError(f"{number!r} is no number of a blank", why=f"it stands in {name}")
        answers[int(number)] = "" if text is None else str(text)
    return answers


def _from_table(text: str, name: str) -> Iterator[Answers]:
    first = text.split("\n", 1)[0]
    mark = max(";\t,", key=first.count)  # a decimal comma is usual where columns are parted by semicolons
    rows = list(csv.DictReader(io.StringIO(text), delimiter=mark, restkey="", restval=""))
    heads = {(h or "").strip().casefold(): h for h in (rows[0] if rows else {})}
    who = next((heads[h] for h in ("learner", "name", "student") if h in heads), None)
    seed = heads.get("seed")
    answer = next((heads[h] for h in ("answer", "answers", "typed") if h in heads), None)
    blank = next((heads[h] for h in ("blank", "number", "no") if h in heads), None)
    numbers = {int(h): original for h, original in heads.items() if h.isdecimal()}
    if not (numbers or (answer and blank)):
        raise DataError(
            f"{name} has no answers that can be found",
            why="a table has a column for each blank (learner,1,2,3), or the columns blank and answer",
            hint="learner,blank,answer",
        )
    gathered: dict[tuple[str, int | None], dict[int, str]] = {}
    for row in rows:
        learner = str(row[who] or "").strip() if who else ""
        own = str(row[seed] or "").strip() if seed else ""
        if own and not own.lstrip("-").isdecimal():
            raise DataError(f"the seed {own!r} is no whole number", why=f"it stands beside {learner} in {name}")
        into = gathered.setdefault((learner, int(own) if own else None), {})
        if numbers:
            for number, head in numbers.items():
                _put(into, number, str(row[head] or ""), learner, name)
        elif blank and answer and str(row[blank] or "").strip():
            if not str(row[blank]).strip().isdecimal():
                raise DataError(f"{row[blank]!r} is no number of a blank", why=f"it stands in {name}")
            _put(into, int(row[blank]), str(row[answer] or ""), learner, name)
    for (learner, own_seed), typed in gathered.items():
        yield Answers(learner, typed, own_seed)


def _put(into: dict[int, str], number: int, text: str, learner: str, name: str) -> None:
    """Keep an answer. Raises DataError where another one stands for the same blank: nobody knows which one is meant."""
    before = into.get(number, "").strip()
    if before and text.strip() and before != text.strip():
        raise DataError(
            f"{learner or 'the learner'} has two answers to blank {number}: {before!r} and {text.strip()!r}",
            why=f"they stand in two rows of {name}",
            hint="one of them; two learners of one name need two names, or a column with their seeds",
        )
    into[number] = into.get(number, "") if before else text


def read_roster(text: str, first_seed: int = 0, name: str = "the roster") -> dict[str, int]:
    """Learner → seed, from a table with learner and seed, or from a list of names, which get seeds in order.

    >>> read_roster("learner,seed\\nAda,7\\nEmmy,9")
    {'Ada': 7, 'Emmy': 9}
    >>> read_roster("Ada\\nEmmy", first_seed=100)
    {'Ada': 100, 'Emmy': 101}
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{name} is empty", why="it has a learner a line", hint="learner,seed")
    head = [cell.strip().casefold() for cell in next(csv.reader([lines[0]]))]
    titled = head[0] in ("learner", "name", "student")
    found: dict[str, int] = {}
    for k, cells in enumerate(csv.reader(lines[titled:])):
        learner = cells[0].strip()
        own = cells[1].strip() if len(cells) > 1 else ""
        if own and not own.isdecimal():
            raise DataError(f"the seed {own!r} of {learner} is no whole number", why=f"it stands in {name}")
        if learner in found:
            raise DataError(f"{learner} stands twice in {name}", why="each learner has one sheet")
        found[learner] = int(own) if own else first_seed + k
    return found


@dataclass(frozen=True, eq=False, repr=False)
class Report(Shown):
    """The marks of a class. `csv()` is the table of marks; print it, or save it as HTML, for the page.

    The page is in the language of the sheets. The table is for programs: its words are the same in every language.
    """

    title: str
    marked: tuple[Marked, ...]

    @property
    def language(self) -> Language:
        """The language of the sheets."""
        return self.marked[0].sheet.language if self.marked else ENGLISH

    @cached_property
    def missed(self) -> list[tuple[int, str, int, int]]:
        """The blanks that were missed, most often first: number, name, how often, out of how many."""
        wrong, seen, names = Counter[int](), Counter[int](), {}
        for one in self.marked:
            for mark in one:
                number = mark.blank.number
                seen[number] += 1
                names[number] = mark.blank.name
                wrong[number] += mark.status in (MISTAKE, WRONG, EMPTY, UNREADABLE)
        return [(n, names[n], count, seen[n]) for n, count in wrong.most_common() if count]

    @cached_property
    def mistakes(self) -> list[tuple[Cause, int, int]]:
        """The named mistakes, most learners first: cause, how many learners, how many blanks."""
        blanks: Counter[str] = Counter()
        learners: Counter[str] = Counter()
        causes: dict[str, Cause] = {}
        for one in self.marked:
            for cause, numbers in one.mistakes.items():
                causes[cause.code] = cause
                blanks[cause.code] += len(numbers)
                learners[cause.code] += 1
        order = sorted(causes, key=lambda code: (-learners[code], -blanks[code]))
        return [(causes[code], learners[code], blanks[code]) for code in order]

    def document(self) -> Document:
        """The page: marks, most-missed blanks, mistakes by name."""
        say = self.language
        blocks: list[Block] = [Heading(self.title, 1), self._marks()]
        if self.missed:
            blocks += [Heading(say("Most missed")), self._most_missed()]
        if self.mistakes:
            note = Paragraph(say("gradwork explain CODE says what each of them is"), "note")
            blocks += [Heading(say("Mistakes by name")), self._by_name(), note]
        facts = {"learners": [one.facts() for one in self.marked]}
        return Document(self.title, tuple(blocks), facts=facts, language=say.code, texts=say.texts)

    def _marks(self) -> Table:
        say = self.language
        heads = (say("learner"), say("seed"), say("marks"), say("of"), say("mistakes"))
        rows = tuple(
            (one.learner, str(one.sheet.seed), f"{one.score:g}", str(one.total), self._said(one)) for one in self.marked
        )
        return Table(heads, rows, align="lrrrl")

    def _said(self, one: Marked) -> str:
        return ", ".join(f"{self.language(cause.name)} ({len(numbers)})" for cause, numbers in one.mistakes.items())

    def _most_missed(self) -> Table:
        say = self.language
        rows = tuple(
            (str(n), name, say("{score} of {total}", score=count, total=seen))
            for n, name, count, seen in self.missed[:12]
        )
        return Table((say("blank"), "", say("missed")), rows, align="rlr")

    def _by_name(self) -> Table:
        say = self.language
        rows = tuple((c.code, say(c.name), str(who), str(n), say(c.summary)) for c, who, n in self.mistakes)
        return Table(("", say("mistake"), say("learners"), say("blanks"), ""), rows, align="llrrl")

    def csv(self) -> str:
        """A row a learner: marks, and for each blank its status, or the code of the mistake."""
        out = io.StringIO()
        widest = max((one.total for one in self.marked), default=0)
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["learner", "seed", "marks", "of", *range(1, widest + 1)])
        for one in self.marked:
            statuses = [mark.code or mark.status for mark in one]
            writer.writerow([one.learner, one.sheet.seed, f"{one.score:g}", one.total, *statuses])
        return out.getvalue()


def mark_class(sheet_for: Callable[[Answers], Sheet], answers: Sequence[Answers], title: str) -> Report:
    """Mark everybody's answers, each on their own sheet."""
    return Report(title, tuple(sheet_for(one).grade(one.answers, learner=one.learner) for one in answers))
