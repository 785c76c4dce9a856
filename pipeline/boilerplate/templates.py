"""Which repeated lines are templates of their source: enough families have them, for lines of their length."""

import numpy as np
import pyarrow as pa

# What must repeat more than `min_share` says; measured on 72,644 press releases of 96 sources.
# Lines of that many tokens are sentences. The notices of a site had shares of 1.00 ("Pursuant to …, newsletters … cannot be
# initiated by this office"); what the story of the day ends with, a programme described or a biography, had 0.05 to 0.08.
LONG_TOKENS, LONG_MIN_FAMILIES, LONG_MIN_SHARE = 20, 5, 0.2
# Shorter ones can be headlines, which follow-ups share ("SENS. COCHRAN, LOTT ANNOUNCE HURRICANE RECOVERY GRANTS": 5 families, 0.07);
# contact lines had 28 families and more. So ten families, or a fifth of the source.
HEADLINE_MIN_FAMILIES, HEADLINE_SHARES = 10, 4
# Shorter than a headline are also "Sincerely," and "Thank you." (0.05 to 0.10); "### return", names with telephones had 0.35 to 1.00.
SHORT_TOKENS, SHORT_SHARES = 5, 2
# A line that also stands in the middle of stories, in one of ten families or more, is part of what they tell. Not measured.
EDGE_TENTHS = 9

TEMPLATES = pa.schema([("key", pa.uint64()), ("source", pa.uint64()), ("families", pa.int64()), ("source_families", pa.int64())])


def find_templates(counts: pa.Table, min_share: float) -> tuple[pa.Table, int]:
    """TEMPLATES of the `repeated_lines.COUNTS`, sorted by key, and the number of sources."""
    tokens, families = counts["tokens"].to_numpy(), counts["families"].to_numpy()
    near, source = counts["families_near_edge"].to_numpy(), counts["source"].to_numpy()
    totals = dict(zip(source[tokens < 0].tolist(), families[tokens < 0].tolist()))
    total = np.array([totals[s] for s in source.tolist()], np.int64)
    share, long_share = in_10_000(min_share), in_10_000(LONG_MIN_SHARE)
    keep = (tokens >= 0) & (near * 10_000 >= share * total) & (near * 10 >= families * EDGE_TENTHS)
    keep &= (tokens >= SHORT_TOKENS) | (near * 10_000 >= SHORT_SHARES * share * total)
    keep &= (tokens < SHORT_TOKENS) | (near >= HEADLINE_MIN_FAMILIES) | (near * 10_000 >= HEADLINE_SHARES * share * total)
    keep &= (tokens < LONG_TOKENS) | ((near >= LONG_MIN_FAMILIES) & (near * 10_000 >= long_share * total))
    order = np.flatnonzero(keep)[np.argsort(counts["key"].to_numpy()[keep], kind="stable")]
    columns = [counts["key"].to_numpy()[order], source[order], near[order], total[order]]
    return pa.Table.from_arrays([pa.array(column) for column in columns], schema=TEMPLATES), len(totals)


def families_of(templates: pa.Table, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each key, one of the templates': the families of its source that have the line near an edge, and all its families."""
    place = np.searchsorted(templates["key"].to_numpy(), keys)
    return templates["families"].to_numpy()[place], templates["source_families"].to_numpy()[place]


def in_10_000(share: float) -> int:
    """A share in ten-thousandths, so that shares are compared as integers."""
    return round(share * 10_000)
