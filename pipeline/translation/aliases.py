"""The alias table of a run: spellings of names in translated documents, and the ones that other families use."""

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.kernels.attestations import NAME
from pipeline.translation.names import distance

RULE = "A"  # `names.is_variant`

ALIASES = pa.schema(
    [
        ("variant", pa.string()),
        ("canonical", pa.string()),
        ("rule", pa.string()),
        ("families", pa.int64()),  # that write the canonical form
        ("docs", pa.list_(pa.string())),  # one of each of the first nine
        ("letters", pa.int32()),  # that differ, case aside (Levenshtein distance)
        ("similarity", pa.int32()),  # thousandths: 1 - letters / length of the longer
    ]
)


def aliases(evidence: pa.Table) -> pa.RecordBatch:
    """ALIASES in order of the variant, from `evidence.EVIDENCE`."""
    names = evidence.filter(pc.equal(evidence["kind"], NAME)).sort_by([("variant", "ascending"), ("form", "ascending")])
    rows = [
        {"variant": variant, "canonical": form, "rule": RULE, "families": count, "docs": docs, **distance(variant, form)}
        for variant, form, count, docs in zip(*(names[c].to_pylist() for c in ("variant", "form", "count", "docs")), strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=ALIASES)
