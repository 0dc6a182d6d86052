"""The report of a check: headline with names and numbers, the worst entries, cause, where, why, what to try, power.

Its length does not grow with the model: under 60 lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradwork.check.sampled import MISSED
from gradwork.check.verdicts import EVERY, Verdict
from gradwork.notation.document import Block, Document, Heading, Paragraph, Table

if TYPE_CHECKING:
    from gradwork.check.check import Check

MOST_ARRAYS = 6
MOST_ROWS = 9
MOST_PLACES = 6
MOST_CAUTIONS = 4


def text(check: Check) -> str:
    """The report as plain text."""
    return "\n".join(lines(check))


def lines(check: Check) -> list[str]:
    """The report line by line; the first is the headline."""
    found = [headline(check)]
    found += [f"  note: {said}" for said in check.said.splitlines()]
    if not check.ok and any(v.wrong for v in check.verdicts.values()):
        found += ["", *_causes(check), *_places(check), *_worst(check), *_reasons(check)]
    elif check.diagnoses:
        found += ["", *_causes(check), *_reasons(check)]
    found += _cautions(check)
    found.append(_power(check))
    return found


def headline(check: Check) -> str:
    """Which arrays are wrong, and which right."""
    wrong = [n for n, v in check.verdicts.items() if v.wrong]
    right = [n for n, v in check.verdicts.items() if v.right]
    dark = [n for n in check.verdicts if n not in wrong and n not in right]
    total = sum(v.differ.size for v in check.verdicts.values())
    parts = []
    for names, one, many in (
        (wrong, "is wrong", "are wrong"),
        (right, "is right", "are right"),
        (dark, "cannot be told", "cannot be told"),
    ):
        if names:
            parts.append(f"{_listed(names)} {one if len(names) == 1 else many}")
    if not wrong and not dark and not check.ok:
        parts = [_why_not_ok(check), *parts]
    return "; ".join(parts) + f" ({total:,} {'entry' if total == 1 else 'entries'} checked)"


def _why_not_ok(check: Check) -> str:
    if any(c.empty for c in check.cautions):
        return "the check could not have failed"
    if check.diagnoses:
        return "the gradient cannot be relied on"
    return "not every entry could be judged"


def _listed(names: list[str]) -> str:
    if len(names) > MOST_ARRAYS:
        return f"{', '.join(names[: MOST_ARRAYS - 1])} and {len(names) - MOST_ARRAYS + 1} more"
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _causes(check: Check) -> list[str]:
    if not check.diagnoses:
        return ["cause: unrecognised"]
    found = []
    for k, finding in enumerate(check.diagnoses):
        label = "cause" if k == 0 else "   or" if _tied(check) and not finding.cause.fact else "  and"
        found.append(f"{label} {finding}")
        found += [] if finding.cause.fact else [f"       {_match(check, finding)}"]
        if finding.data:
            found.append(f"       to tell them apart: {finding.data}")
    return found


def _tied(check: Check) -> bool:
    """Whether the causes named explain the same arrays, so that one of them is the one."""
    return len({f.explains for f in check.diagnoses}) == 1


def _match(check: Check, finding: Any) -> str:
    entries = sum(int(np.size(check.verdicts[n].yours)) for n in finding.explains if n in check.verdicts)
    points = {1: "at this point", 2: "at two points"}[finding.points]
    names = _listed(list(finding.explains))
    what = f"{names} matches" if entries == 1 else f"all {entries:,} entries of {names} match"
    return f"with that one change {what}, {points}, to {finding.digits} digits"


def _places(check: Check) -> list[str]:
    places = [p.says for p in check.where[:MOST_PLACES]]
    left = len(check.where) - len(places)
    found = [f"{'where:' if k == 0 else '      '} {says}" for k, says in enumerate(places)]
    return found + ([f"       and {left} more"] if left > 0 else [])


def worst_rows(check: Check) -> list[tuple[str, ...]]:
    """The worst entries: name, yours, measured, bar, ratio."""
    wrong = [v for v in check.verdicts.values() if v.wrong]
    each = max(1, MOST_ROWS // max(len(wrong), 1))
    rows: list[tuple[str, ...]] = []
    for verdict in wrong:
        if verdict.missing:
            rows.append((verdict.name, f"shape {np.shape(verdict.yours)}", f"shape {verdict.measured.shape}", "", ""))
            continue
        rows += [_row(verdict, index) for index in verdict.worst(each)]
    return rows[: MOST_ROWS + 1]


def _row(verdict: Verdict, index: tuple[int, ...]) -> tuple[str, ...]:
    yours, measured = float(verdict.yours[index]), float(verdict.measured[index])
    ratio = f"{yours / measured:.6g}" if measured else ""
    place = f"[{', '.join(str(i) for i in index)}]" if index else ""
    return f"{verdict.name}{place}", f"{yours:.8g}", f"{measured:.8g}", f"{float(verdict.bar[index]):.0e}", ratio


def _worst(check: Check) -> list[str]:
    rows = [("", "yours", "measured", "bar", "ratio"), *worst_rows(check)]
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    cells = [
        [c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(r, widths, strict=True))] for r in rows
    ]
    return [("  " + "  ".join(row)).rstrip() for row in cells]


def _reasons(check: Check) -> list[str]:
    found = []
    for finding in check.diagnoses[:2]:
        found += [f"why:   {finding.why}"] if finding.why else []
        found += [f"try:   {finding.hint}"] if finding.hint else []
    return found


def _cautions(check: Check) -> list[str]:
    found = []
    for caution in check.cautions[:MOST_CAUTIONS]:
        found += [f"note:  {caution.says}", f"       try: {caution.hint}"]
    return found + [f"note:  {said}" for said in _judged_otherwise(check)]


def _judged_otherwise(check: Check) -> list[str]:
    """How entries were judged for which a slope and its bar do not say all."""
    found = []
    kinks = sum(int(v.at_kink.sum()) for v in check.verdicts.values())
    if kinks:
        found.append(
            f"{kinks} {'entry sits' if kinks == 1 else 'entries sit'} at a kink: "
            "any slope between the one-sided ones is accepted there"
        )
    found += _by_backprop(check)
    unclear = sum(int((v.unclear & ~v.at_kink).sum()) for v in check.verdicts.values() if not v.missing)
    if unclear:
        found.append(f"of {unclear:,} {'entry' if unclear == 1 else 'entries'} nothing can be told")
    return found


def _by_backprop(check: Check) -> list[str]:
    """Where nudging saw too little, and backprop was asked instead."""
    count = sum(v.by_backprop for v in check.verdicts.values())
    if not count:
        return []
    near = any(v.by_backprop and v.elsewhere for v in check.verdicts.values())
    said = f"nudging sees too little of {count:,} {'entry' if count == 1 else 'entries'}: "
    return [said + "yours is what backprop gives" + (", here and at a second point" if near else "")]


def _power(check: Check) -> str:
    seen = [v for v in check.power.values() if np.isfinite(v)]
    if not seen:
        return "power: none"
    said = f"power: an error of {_percent(max(seen))} of an array's typical entry would have been seen"
    large = [v for v in check.verdicts.values() if v.how != EVERY]
    if large:
        said = (
            f"power: looked at along {large[0].how} an array: an error of {_percent(max(seen))} of its norm escapes "
            f"with a probability below {_percent(MISSED)}"
        )
    return said


def _percent(share: float) -> str:
    percent = 100 * share
    if percent >= 1000:
        return f"{percent:,.0f} %"
    if percent >= 0.01:
        return f"{percent:.2g} %"
    return f"{percent:.0e} %"


# -- as a page --------------------------------------------------------------------------------------------------------


def page(check: Check, title: str = "") -> Document:
    """The report as a document."""
    blocks: list[Block] = [Paragraph(headline(check), kind="plain" if check.ok else "warning")]
    blocks += [Paragraph(said, kind="note") for said in check.said.splitlines()]
    if check.diagnoses:
        blocks.append(Heading("Cause"))
        for finding in check.diagnoses:
            blocks += [Paragraph(str(finding))]
            blocks += [] if finding.cause.fact else [Paragraph(_match(check, finding))]
            blocks += [Paragraph(f"to tell them apart: {finding.data}")] if finding.data else []
            blocks += [Paragraph(f"why: {finding.why}")] if finding.why else []
            blocks += [Paragraph(f"try: {finding.hint}")] if finding.hint else []
    elif any(v.wrong for v in check.verdicts.values()):
        blocks += [Heading("Cause"), Paragraph("unrecognised")]
    if check.where:
        blocks += [Heading("Where"), *(Paragraph(p.says) for p in check.where[:MOST_PLACES])]
    rows = worst_rows(check)
    if rows:
        head = ("entry", "yours", "measured", "bar", "ratio")
        blocks += [Heading("The worst entries"), Table(head, tuple(rows), align="lrrrr")]
    arrays = tuple(_array_row(v) for v in check.verdicts.values())
    blocks += [
        Heading("Every array"),
        Table(("array", "agree", "differ", "cannot tell", "an error seen"), arrays, align="lrrrr"),
    ]
    blocks += [Paragraph(f"{c.says}. Try: {c.hint}", kind="warning") for c in check.cautions]
    blocks += [Paragraph(said, kind="note") for said in _judged_otherwise(check)]
    blocks.append(Paragraph(_power(check)))
    return Document(title or "Is this gradient right?", tuple(blocks), facts(check))


def _array_row(verdict: Verdict) -> tuple[str, ...]:
    agree, differ, unclear = verdict.counts()
    seen = _percent(verdict.seen) if np.isfinite(verdict.seen) else ""
    return verdict.name, f"{agree:,}", f"{differ:,}", f"{unclear:,}", seen


def facts(check: Check) -> dict[str, Any]:
    """The report as data."""
    return {
        "ok": check.ok,
        "arrays": {
            n: dict(zip(("agree", "differ", "cannot_tell"), v.counts(), strict=True)) | {"power": _number(v.seen)}
            for n, v in check.verdicts.items()
        },
        "diagnoses": [
            {
                "code": f.cause.code,
                "name": f.cause.name,
                "says": f.says,
                "why": f.why,
                "try": f.hint,
                "to_tell_apart": f.data,
                "explains": list(f.explains),
                "digits": f.digits,
                "points": f.points,
            }
            for f in check.diagnoses
        ],
        "where": [p.says for p in check.where],
        "worst": [_worst_fact(v, index) for v in check.verdicts.values() if v.wrong for index in _places_in(v)],
        "cautions": [c.says for c in check.cautions],
        "notes": [*check.said.splitlines(), *_judged_otherwise(check)],
    }


def _places_in(verdict: Verdict) -> list[tuple[int, ...]]:
    return [] if verdict.missing else verdict.worst()


def _worst_fact(verdict: Verdict, index: tuple[int, ...]) -> dict[str, Any]:
    yours, measured, bar = (_number(array[index]) for array in (verdict.yours, verdict.measured, verdict.bar))
    return {"array": verdict.name, "entry": list(index), "yours": yours, "measured": measured, "bar": bar}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
