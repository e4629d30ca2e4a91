"""Write docs/checks.md from the checks themselves, with what each says of an estate in which its fact does not hold.

Usage: python -m tools.checks_document [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

from azext_aksegress import arm, checks, probe, verify
from azext_aksegress.checks import Check, Finding
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.render.terminal import QUESTIONS
from tests.checks.catalogue import NEVER_UNKNOWN
from tests.defects import news
from tests.test_defects import DEFECTS

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / checks.DOCUMENT
_INTRODUCTION = """\
# The checks

Every fact that `az aks egress check` looks at before anything is touched, generated from the code by `make docs`. Ids
are forever: a finding's `url` leads here. What each would say is what it says of a cluster of the local Azure in which
only that fact does not hold.

A **fail** blocks a migration, a **warn** does not, a **note** is always said. What could not be read is **unknown**,
and never green: where it could have been a fail, the verdict is *undetermined*,
unless the entry says that it only warns.
A fix runs **before** the move, **after** it, or is the **cutover** itself, which moves egress at that moment.
"""


_PROOF = """\
## The proof

What `migrate` and `rollback` look at once the update is made, and `verify` at any time, held against the record. Those
of `probe` are there with `--probe`, which asks the nodes themselves: [how](probe.md). A **fail** or an **unknown** ends
with exit code 6.
"""


def document() -> str:
    """The whole document."""
    return "\n".join([_INTRODUCTION, *_contents(), *_sections(), _PROOF, *_proof()])


def after_a_move() -> tuple[Check, ...]:
    """What is looked at after a move, in the order of the proof."""
    return tuple(found for module in (verify, probe) for found in vars(module).values() if isinstance(found, Check))


def _contents() -> Iterator[str]:
    for known in (*checks.load().values(), *after_a_move()):
        yield f"- [{known.id}](#{known.id.lower()}) {known.title}"
    yield ""


def _proof() -> Iterator[str]:
    for known in after_a_move():
        yield f'### <a id="{known.id.lower()}"></a>{known.id}: {known.title}\n'
        yield f"{known.consequence}\n"


def _sections() -> Iterator[str]:
    question = ""
    for known in checks.load().values():
        if QUESTIONS[known.id[:4]] != question:
            question = QUESTIONS[known.id[:4]]
            yield f"## {question}\n"
        yield from _section(known)


def _section(known: Check) -> Iterator[str]:
    yield f'### <a id="{known.id.lower()}"></a>{known.id}: {known.title}\n'
    yield f"{known.consequence}\n"
    yield f"- **For**: {_targets(known)}"
    yield f"- **Observed at**: {known.observed_at}"
    yield f"- **When it cannot be read**: {_unread(known)}"
    if known.acceptable:
        yield f"- **Can be accepted**: `--accept {known.id}`"
    yield f"- **Sources**: {'; '.join(known.sources) or 'see the page below'}"
    yield f"- **Read on**: <{known.reference}>\n"
    for finding in _examples(known):
        yield from _example(finding)


def _targets(known: Check) -> str:
    if set(known.targets) == set(OUTBOUND_TYPES):
        return "every outbound type"
    return ", ".join(known.targets)


def _unread(known: Check) -> str:
    if known.id in NEVER_UNKNOWN:
        return f"never: {NEVER_UNKNOWN[known.id]}"
    return "unknown, and the verdict is *undetermined*" if known.blocks else "unknown, which only warns"


def _examples(known: Check) -> Iterator[Finding]:
    """What the check says of the estates that have its defect: once for each outcome."""
    outcomes = set()
    for defect in DEFECTS:
        if defect.id == known.id and defect.outcome not in outcomes:
            outcomes.add(defect.outcome)
            yield news(defect)[0]


def _example(finding: Finding) -> Iterator[str]:
    who = f"{arm.name(finding.seen.resource)}: " if finding.seen.resource else ""
    yield f"> **{finding.outcome}** {who}{finding.seen.observed}\n"
    if finding.seen.fix:
        yield "```sh"
        for fix in finding.seen.fix:
            yield f"{fix.command}  # {fix.when}"
        yield "```\n"


def main() -> None:
    """Write the document."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(document().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
