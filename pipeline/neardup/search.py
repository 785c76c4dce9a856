"""What to look for: thresholds, rules of signatures, bands, and what they mean in plain words."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.neardup.bands import candidate_probability, choose_bands, exact_fraction, least_agreeing
from pipeline.neardup.keep import Keep, PreferredSources, keep_rules
from pipeline.neardup.rules import SCHEME, TOKEN_RULES, SignatureRules, unicode_version

# What a member of a large bucket must agree with its leader beyond the threshold to be left to it: four standard errors
# (0.044 each at 128 permutations), so that the leader is verified for it all but always.
_SURE_MARGIN = 0.18

# Of short texts half the shingles are four or five words in a row, and the word that differs is what they tell: "Ruby interface to the
# GraphViz graphing tool" and "Perl interface …" are no versions of one text (of 24 tokens and more one word may differ). Of 63,666
# package descriptions 6,774 had gone for a similar one, of a sample of 30 no more than 3 rightly; of the press releases none has so few.
MIN_SHARED = 15

_CURVE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Limits(NamedTuple):
    """From when on two sets are alike, in integers, so that nothing is rounded: see `kernels.sets.shared_if_alike`."""

    num: int  # Jaccard similarity of num / den
    den: int
    part: int  # or a share of one set in the other of part / whole; 2 / 1, which no share reaches: similarity alone counts
    whole: int
    least: int  # what sets that are similar, and not equal, have in common besides


@dataclass(frozen=True)
class Search:
    """Documents with a Jaccard similarity of at least `threshold`, or of which one holds the share `containment` of another."""

    threshold: float
    rules: SignatureRules
    target_recall: float
    keep: Keep
    containment: float | None = None
    against: tuple[str, ...] = ()  # outputs of earlier runs
    keep_signatures: bool = False
    min_shared_shingles: int = MIN_SHARED

    def __post_init__(self) -> None:
        """Raises ValueError where no bands reach the target recall."""
        reached = candidate_probability(self.lowest, *self.bands)
        if reached < self.target_recall:
            raise ValueError(
                f"no bands of {self.rules.num_perm} permutations find pairs of similarity {self.lowest:.3g} with a chance of "
                f"{self.target_recall}, but at best {reached:.3g}; raise num_perm or the threshold, or lower target_recall"
            )

    @property
    def lowest(self) -> float:
        """The similarity from which pairs must be found: the threshold, or that of a document held by one twice as long."""
        held = 1.0 if self.containment is None else self.containment / (3.0 - self.containment)
        return min(self.threshold, held)

    @property
    def bands(self) -> tuple[int, int]:
        """Bands and rows."""
        return choose_bands(self.lowest, self.target_recall, self.rules.num_perm)

    @property
    def least_agreeing(self) -> int:
        """Signature places in which a pair must agree to be verified."""
        return least_agreeing(self.lowest, self.rules.num_perm)

    @property
    def sure_agreeing(self) -> int:
        """Signature places in which a member of a large bucket must agree with its leader to be left to it."""
        return int(min(self.threshold + _SURE_MARGIN, 1.0) * self.rules.num_perm)

    @property
    def limits(self) -> Limits:
        """What the kernels compare by."""
        share = (2, 1) if self.containment is None else exact_fraction(self.containment)
        return Limits(*exact_fraction(self.threshold), *share, self.min_shared_shingles)

    def summary(self) -> dict[str, Any]:
        """What the manifest says of it."""
        bands, rows = self.bands
        return {
            "scheme": SCHEME,
            "token_rules": TOKEN_RULES,
            "unicode": unicode_version(),
            "num_perm": self.rules.num_perm,
            "seed": self.rules.seed,
            "shingle_words": self.rules.shingle_words,
            "bands": bands,
            "rows": rows,
        }

    def describe(self) -> list[str]:
        """What the settings mean, line by line."""
        bands, rows = self.bands
        curve = ", ".join(f"{s}: {_percent(candidate_probability(s, bands, rows))}" for s in _CURVE)
        lines = [
            f"near-duplicates: documents whose {self.rules.shingle_words}-word shingles have a Jaccard similarity from {self.threshold} on",
            f"{bands} bands of {rows} rows of a signature of {self.rules.num_perm} ({SCHEME}, seed {self.rules.seed}, "
            f"token rules {TOKEN_RULES}, Unicode {unicode_version()})",
            f"chance that a pair of this similarity is compared: {curve}; every pair that is compared is verified exactly",
        ]
        if self.min_shared_shingles > 1:
            lines.append(f"texts that are not equal word for word share {self.min_shared_shingles} shingles besides")
        if self.containment is not None:
            lengths = ", ".join(f"{n} times: {_percent(self._found_held(n, bands, rows))}" for n in (1.5, 2, 3, 5))
            lines.append(
                f"a document also goes for one that holds {self.containment} of its shingles; "
                f"chance that it is found in one so many times as long: {lengths}"
            )
        lines += [f"documents that resemble one of {output} go for it" for output in self.against]
        keep = ", of equals the ".join(_describe_rule(rule) for rule in keep_rules(self.keep))
        return [*lines, f"best document of a cluster: the {keep}; ties by doc_id"]

    def _found_held(self, times: float, bands: int, rows: int) -> float:
        held = self.containment or 0.0
        return candidate_probability(held / (1 + times - held), bands, rows)


def _percent(chance: float) -> str:
    return "over 99.99 %" if chance > 0.9999 else f"{100 * chance:.3g} %"


def _describe_rule(rule: object) -> str:
    if isinstance(rule, PreferredSources):
        return f"document of the source named first ({', '.join(rule.sources)})"
    return {"lowest_mt_score": "one of the lowest mt_score", "first": "first read"}.get(str(rule), str(rule))
