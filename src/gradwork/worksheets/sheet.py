"""`gw.sheet`: a sheet of exercises, with its blanks and its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gradwork.formats.display import Shown
from gradwork.notation.document import Block, Document, Heading, Table
from gradwork.worksheets.exercise import Ask, Chapter
from gradwork.worksheets.item import Item, make_item
from gradwork.worksheets.masks import Mask
from gradwork.worksheets.printing import Numbering, Place
from gradwork.worksheets.rounding import number_text
from gradwork.worksheets.words import Language, language_named


@dataclass(frozen=True)
class Asked:
    """A numbered blank of a sheet.

    item, place: where it stands.   kind: "cell", "shape", "rule" or "choice".
    name:    what belongs there, in words: "dW[1, 2]".
    answer:  a number; for a choice or a rule, the text of the right one.
    choices: the texts to choose from; () where a number is asked.
    """

    number: int
    item: int
    place: Place
    name: str
    answer: float | str
    choices: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What is asked."""
        return str(self.place[0])

    @property
    def text(self) -> str:
        """The answer as the key prints it."""
        return self.answer if isinstance(self.answer, str) else number_text(self.answer)


@dataclass(frozen=True, eq=False)
class Sheet(Shown):
    """Exercises with blanks, and the key.

    chapter: slug.   level: 1 to 3.   seed: fixes all numbers.   mask: the name of a mask that took the place of the
    chapter's own, or "".
    """

    chapter: str
    title: str
    level: int
    seed: int
    mask: str
    items: tuple[Item, ...]
    language: Language

    # -- what is asked ------------------------------------------------------------------------------------------------

    @cached_property
    def _printed(self) -> tuple[tuple[tuple[Block, ...], ...], Numbering]:
        numbering = Numbering()
        blocks = tuple(tuple(item.printing(k, numbering, self.language).blocks()) for k, item in enumerate(self.items))
        return blocks, numbering

    @cached_property
    def blanks(self) -> tuple[Asked, ...]:
        """Every blank, in the order of its number."""
        return tuple(self._asked(k + 1, *where) for k, where in enumerate(self._printed[1].asked))

    def _asked(self, number: int, index: int, place: Place) -> Asked:
        item = self.items[index]
        answer = item.answer(place)
        if place[0] == "cell":
            return Asked(number, index, place, item.plan.cell_name(place[1]), float(answer))
        if place[0] == "shape":
            return Asked(number, index, place, f"shape of {place[1]}", float(answer))
        if place[0] == "rule":
            choices = tuple(self.language(r) for r in sorted(set(item.rules.values())))
            return Asked(number, index, place, f"rule of {place[1]}", self.language(str(answer)), choices)
        choice = item.choice(place)
        options = tuple(self.language(o) for o in choice.options)
        return Asked(number, index, place, self.language(choice.text), options[int(answer)], options)

    @cached_property
    def key(self) -> Mapping[int, float | str]:
        """Number of the blank → what belongs there."""
        return {blank.number: blank.answer for blank in self.blanks}

    # -- as a page ----------------------------------------------------------------------------------------------------

    def document(self, *, key: bool = False) -> Document:
        """The sheet as a page; with `key`, the key alone."""
        say = self.language
        heading = Heading(self.title, 1, aside=say("Level {level}", level=self.level))
        if key:
            heads = (say("Blank"), say("Answer"))
            rows = tuple((str(b.number), b.text) for b in self.blanks)
            return Document(self.title, (heading, Heading(say("Key")), Table(heads, rows, align="rl")))
        blocks: list[Block] = [heading]
        for k, (item, printed) in enumerate(zip(self.items, self._printed[0], strict=True)):
            text = say(item.exercise.text)
            blocks += [Heading(f"{k + 1}", 2, aside=text), *printed]
        return Document(self.title, tuple(blocks), facts=self._facts(), language=say.code, digits=12)

    def _facts(self) -> dict[str, Any]:
        return {"chapter": self.chapter, "level": self.level, "seed": self.seed, "blanks": len(self.blanks)}


def make_sheet(
    chapter: Chapter, *, seed: int = 0, level: int = 1, mask: Mask | None = None, language: str = "en"
) -> Sheet:
    """A sheet of a chapter."""
    items: list[Item] = []
    asks: Sequence[Ask] = chapter.levels[level - 1]
    for position, ask in enumerate(asks):
        for k in range(ask.times):
            words = (chapter.slug, level, position, k, seed)
            items.append(make_item(ask.exercise, mask or ask.mask, words, (k, ask.times)))
    name = mask.name if mask else ""
    return Sheet(chapter.slug, chapter.title, level, seed, name, tuple(items), language_named(language))
