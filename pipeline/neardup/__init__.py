"""Near-duplicates: shingles, signatures, bands, verification, clusters, survivors."""

from pipeline.neardup.signatures import shingle_hashes, signatures

__all__ = ["shingle_hashes", "signatures"]
