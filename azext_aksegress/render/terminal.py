"""What a person reads at a prompt: lines of styled text, as wide as asked for.

A line is a sequence of (style, text); the styles are names of az's own, so that its themes and switches apply.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, List, Sequence, Tuple

from azext_aksegress import arm, checks
from azext_aksegress.arm import Json
from azext_aksegress.checks import FAIL, NOTE, PASS, SKIP, UNKNOWN, WARN, Finding
from azext_aksegress.fixes import az
from azext_aksegress.matrix import Path
from azext_aksegress.report import BLOCKED, NOTHING_TO_DO, UNDETERMINED, Report
from azext_aksegress.snapshot import API_VERSION, NOT_FOUND, PREVIEW_API_VERSION, Snapshot

Line = List[Tuple[str, str]]

QUESTIONS = {
    "EGR1": "Is the move supported?",
    "EGR2": "Will packets have a way out?",
    "EGR3": "Who will notice the new address?",
    "EGR4": "Is there room?",
    "EGR5": "May I?",
    "EGR6": "Can I come back?",
    "veri": "Is it done?",
    "prob": "What do the nodes themselves say?",
}
STYLES = {PASS: "success", NOTE: "primary", WARN: "warning", FAIL: "error", UNKNOWN: "warning", SKIP: "secondary"}
MEND = "Mend what is marked, then look again:"
VERDICT_STYLES = {BLOCKED: "error", UNDETERMINED: "warning"}


@dataclass(frozen=True)
class Look:
    """How wide the terminal is, in columns, and whether its encoding carries more than ASCII."""

    width: int = 80
    unicode: bool = True

    @property
    def signs(self) -> dict[str, str]:
        """The sign of each outcome; never colour alone."""
        order = (PASS, NOTE, WARN, FAIL, UNKNOWN, SKIP)
        return dict(zip(order, "√i‼×?-" if self.unicode else ("ok", "i", "!", "x", "?", "-")))

    @property
    def column(self) -> int:
        """Where the right-hand column begins: what was seen of a fact that holds, the id of one that does not."""
        return min(60, self.width - 20)


_UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180e"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb"
    r"\U000110bd\U000110cd\U00013430-\U0001345f\U0001bca0-\U0001bcaf\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""The control and format characters and the separators of lines (Unicode's categories Cc, Cf, Zl and Zp), what is drawn
as nothing, and halves of characters, which no encoding carries."""
LONGEST = 2000
"""Characters of what is said of one thing; what is longer is no name, and no sentence."""


def clean(text: str) -> str:
    """Text without what moves the cursor, turns its direction or hides: names from Azure are data."""
    return _UNSEEN.sub(" ", text)


def cleaned(data: Any) -> Any:
    """The same of all texts in a document: a terminal gets it in any format that was asked for."""
    if isinstance(data, dict):
        return {clean(str(key)): cleaned(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [cleaned(item) for item in data]
    return clean(data) if isinstance(data, str) else data


def brief(text: str) -> str:
    """Clean text that a person can read; never for a command, which would be another one without its end."""
    return clean(text) if len(text) <= LONGEST else f"{clean(text[:LONGEST])}..."


def fitted(lines: Iterable[Line], look: Look) -> Iterator[Line]:
    """The same lines, folded between words where they are longer than the terminal is wide; what is to be pasted stays
    in one line."""
    for line in lines:
        length = len("".join(text for _, text in line).rstrip())
        if length <= look.width or any(style == "action" for style, _ in line):
            yield line
        else:
            yield from _folded(line, look.width)


def _folded(line: Line, width: int) -> Iterator[Line]:
    first = "".join(text for _, text in line)
    indent = " " * (len(first) - len(first.lstrip()) + 4)
    row: Line = []
    used = 0
    for style, word in ((style, word) for style, text in line for word in re.findall(r"\s*\S+", text)):
        new = bool(row) and used + len(word) > width
        if new:
            yield row
        text = indent + word.lstrip() if new else word
        row, used = ([], 0) if new else (row, used)
        row = [*row[:-1], (style, row[-1][1] + text)] if row and row[-1][0] == style else [*row, (style, text)]
        used += len(text)
    yield row


def report(made: Report, look: Look) -> Iterator[Line]:
    """The report of a check: header, findings by question, verdict and next step."""
    yield from judgement(made, look)
    yield [(VERDICT_STYLES.get(made.verdict, "success"), verdict(made))]
    yield from next_steps(made)


def judgement(made: Report, look: Look) -> Iterator[Line]:
    """The header and the findings of a report."""
    yield from _header(made, look)
    yield []
    yield from findings(made.findings, look)
    yield []


def _header(made: Report, look: Look) -> Iterator[Line]:
    cluster = made.cluster
    document = made.to_json()["cluster"]
    vnet = {"managed": "AKS-managed VNet", "byo": "BYO VNet"}.get(document["vnet"], "VNet unknown")
    pools = len(arm.objects(cluster.document, "properties", "agentPoolProfiles"))
    who: Line = [
        ("highlight", clean(cluster.name)),
        ("primary", clean(f" ({cluster.resource_group}, {cluster.location or 'region unknown'})")),
    ]
    move: Line = [
        ("highlight", clean(f"{made.origin or 'unknown'} -> {made.request.to}")),
        ("primary", f"   {vnet}, {pools} node {'pool' if pools == 1 else 'pools'}"),
    ]
    if sum(len(text) for _, text in [*who, *move]) + 3 <= look.width:
        yield [*who, ("primary", "   "), *move]
    else:
        yield who
        yield move


def findings(found: Sequence[Finding], look: Look) -> Iterator[Line]:
    """The findings under the questions that they answer; passes on one line, everything else with its story."""
    question = None
    for finding in found:
        if QUESTIONS[finding.id[:4]] != question:
            question = QUESTIONS[finding.id[:4]]
            yield [("primary", question)]
        yield from _finding(finding, look)


def _finding(finding: Finding, look: Look) -> Iterator[Line]:
    style, sign = STYLES[finding.outcome], look.signs[finding.outcome]
    seen = brief(finding.seen.observed or "")
    head = f"  {sign:<{2 if look.unicode else 3}}{finding.check.title}"
    if finding.outcome in (PASS, SKIP) and len(head) < look.column and len(seen) <= look.width - look.column:
        yield [(style, f"{head:<{look.column}}"), ("secondary", seen)] if seen else [(style, head)]
        return
    identity = finding.id if finding.id in checks.REGISTRY and finding.outcome != PASS else ""
    yield from _headed(f"{head:<{look.column - 2}}  {identity}".rstrip(), style, look)
    if finding.id not in checks.REGISTRY and finding.outcome in (FAIL, UNKNOWN):
        seen = brief(difference(finding))
    yield from _wrapped(seen, "secondary" if finding.outcome == PASS else "primary", look)
    if finding.outcome in (FAIL, WARN):
        yield from _wrapped(clean(finding.check.consequence), "secondary", look)
    for fix in finding.seen.fix:
        yield [("secondary", f"      {fix.when}: "), ("action", clean(fix.command))]
    if finding.outcome == FAIL and identity:
        yield [("hyperlink", f"      {finding.check.url}")]


def _headed(head: str, style: str, look: Look) -> Iterator[Line]:
    """A head on one line, or where its fact is long, on two."""
    if len(head) <= look.width:
        yield [(style, head)]
        return
    indent = " " * (len(head) - len(head.lstrip()))
    first, *rest = textwrap.wrap(" ".join(head.split()), look.width - len(indent) - 4)
    yield [(style, f"{indent}{first}")]
    yield from ([(style, f"{indent}    {line}")] for line in rest)


def _wrapped(text: str, style: str, look: Look) -> Iterator[Line]:
    for line in textwrap.wrap(text, look.width - 6, break_long_words=False, break_on_hyphens=False):
        yield [(style, f"      {line}")]


def verdict(made: Report) -> str:
    """The last word, in one sentence."""
    if made.verdict == NOTHING_TO_DO:
        return f"Nothing to do: {clean(made.cluster.name)} is on {made.request.to} already."
    counts = made.counts
    said = [
        _count(counts[FAIL], "problem"),
        _count(counts[WARN], "warning"),
        _count(counts[UNKNOWN], "unknown"),
    ]
    parts = ", ".join([*(part for part in said if part), f"{counts[PASS]} passed"])
    words = {BLOCKED: "Blocked", UNDETERMINED: "Undetermined: what decides was not read"}
    return (
        f"{words.get(made.verdict, 'Ready')}: {parts}."
        if made.verdict != UNDETERMINED
        else (f"{words[UNDETERMINED]} ({parts}).")
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}" if number else ""


def next_steps(made: Report) -> Iterator[Line]:
    """What to do now, as a command to paste."""
    move = {"ids": made.cluster.id, **made.request.spelled}
    if made.verdict == NOTHING_TO_DO:
        return
    if made.refusals(checks.acceptable_ids()):
        first = "Once all that decides can be read, look again:" if made.verdict == UNDETERMINED else MEND
        yield [("primary", first)]
        yield [("action", f"  {az('aks egress check', **move)}")]
        return
    accept = [finding.id for finding in made.refusals(())]
    accepting = {"accept": list(dict.fromkeys(accept))} if accept else {}
    yield [("primary", "To see the plan:")]
    yield [("action", f"  {az('aks egress migrate', **move, **accepting, dry_run=True)}")]


def older_api_version(snapshot: Snapshot) -> Iterator[Line]:
    """A word where the cloud does not know the api-version that everything here is written for."""
    if snapshot.api_version not in (API_VERSION, PREVIEW_API_VERSION):
        said = f"This cloud answers with api-version {snapshot.api_version}: what only {API_VERSION} has is unknown."
        yield [("warning", said)]


def difference(finding: Finding) -> str:
    """What was expected, and what was observed instead, in words."""
    return f"expected {finding.seen.expected or 'an answer'}, observed {finding.seen.observed or 'nothing'}"


def paths(found: Sequence[Path], look: Look) -> Iterator[Line]:
    """The matrix, a line a cell."""
    words = {"supported": ("success", "supported"), "notSupported": ("error", "unsupported")}
    for path in found:
        style, status = words.get(path.status, ("secondary", "same type"))
        text = f"{path.vnet:<8}{path.origin:<23}-> {path.target:<23}{status:<12}"
        yield [(style, text), ("secondary", path.date)]
        for source in path.disputed:
            yield from _wrapped(f"disputed: {source}", "secondary", look)


def survey(reports: Sequence[Report]) -> Iterator[Line]:
    """One line for each outbound type."""
    first = reports[0]
    yield [
        ("highlight", clean(first.cluster.name)),
        ("primary", clean(f" ({first.cluster.resource_group})   on {first.origin or 'an unknown type'}")),
    ]
    yield []
    for made in reports:
        stops = ", ".join(made.ids(FAIL))
        rest = [stops, _count(made.counts[WARN], "warning"), _count(made.counts[UNKNOWN], "unknown")]
        style = VERDICT_STYLES.get(made.verdict, "success")
        detail = "; ".join(part for part in rest if part) if made.verdict != NOTHING_TO_DO else ""
        yield [(style, f"  {made.request.to:<24}{made.verdict:<20}"), ("secondary", detail)]
    yield []
    yield [("primary", "For one of them, with every finding:")]
    yield [("action", f"  {az('aks egress check', ids=first.cluster.id, to='TYPE')}")]


def show(document: Json, look: Look) -> Iterator[Line]:
    """The cluster's egress, subnet by subnet."""
    outward = document["egress"]
    kind = {"managed": "AKS-managed VNet", "byo": "BYO VNet"}.get(outward["vnet"], "VNet unknown")
    yield [
        ("highlight", clean(arm.name(document["cluster"]["id"]))),
        ("primary", f"   {outward['outboundType'] or 'outbound type unknown'}   {kind}"),
    ]
    for subnet in outward["subnets"]:
        attached = [subnet[key] for key in ("routeTable", "natGateway", "networkSecurityGroup") if subnet[key]]
        words = ", ".join(arm.name(found) for found in attached) or "nothing attached"
        path = {"nodePublicIP": "node public IP"}.get(subnet["effectivePath"], subnet["effectivePath"])
        yield [("primary", brief(f"  {arm.name(subnet['id'])} ({', '.join(subnet['pools'])}): {words}; out by {path}"))]
    yield [("primary", brief(f"  egress IPs: {', '.join(outward['egressIps']) or 'none known'}"))]
    yield [("primary", brief(f"  authorized IP ranges: {', '.join(outward['authorizedIpRanges']) or 'none'}"))]
    for row in document["unread"]:
        if row["reason"].startswith(NOT_FOUND) and arm.part(row["id"], "features"):  # a feature that nobody lists
            continue
        needs = f", needs {row['permission']}" if row["permission"] else ""
        yield [("warning", brief(f"  {look.signs[UNKNOWN]} {row['id']}: {row['reason']}{needs}"))]
