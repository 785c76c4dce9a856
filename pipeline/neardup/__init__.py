"""Near-duplicates: shingles, signatures, bands, verification, clusters, survivors."""

from pipeline.neardup.library import find_duplicates
from pipeline.neardup.signatures import shingle_hashes, signatures, to_datasketch

__all__ = ["find_duplicates", "shingle_hashes", "signatures", "to_datasketch"]
