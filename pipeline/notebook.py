"""A document's way through the stages as HTML, for a notebook."""

from typing import TYPE_CHECKING

from pipeline.report.marks import change, escaped

if TYPE_CHECKING:
    from pipeline.explanation import Explanation, StepView

_STYLE = """<style>
.corpus-pipeline .diff { white-space: pre-wrap; font-family: monospace; border-left: 3px solid #8888; padding-left: .6em }
.corpus-pipeline del { background: #fde3da; color: #7f2408 }
.corpus-pipeline ins { background: #d8f0dc; color: #10512a; text-decoration: none }
.corpus-pipeline .ch { border: 1px solid; border-radius: .2em; font-size: .8em; padding: 0 .15em }
</style>"""


def explanation_html(explanation: "Explanation") -> str:
    """Each change with its rule, in the words around it; everything that comes from a corpus is escaped."""
    head = f"<p><b>{escaped(explanation.document['doc_id'])}</b>: {escaped(explanation.verdict)}</p>"
    return f'<div class="corpus-pipeline">{_STYLE}{head}{"".join(map(_step, explanation.steps))}</div>'


def _step(step: "StepView") -> str:
    remarks = ", ".join(step.remarks) or ("" if step.changes else "nothing to change")
    told = [f"<p><b>{escaped(step.name)}</b> {escaped(remarks)}</p>"]
    for one in step.changes:
        kind = "" if one.kind == "edit" else f" ({one.kind}, text unchanged)"
        told.append(f"{escaped(one.rule)}{kind}{change(one.before, one.removed, one.inserted, one.after, kind=one.kind)}")
    return "".join(told)
