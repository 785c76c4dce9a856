"""What goes from a batch of texts, by the number of the line."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Removal:
    """What goes from a batch, by the line's number among all lines."""

    dropped: dict[int, str]  # rule
    cut: dict[int, tuple[int, str]]  # bytes from the line's beginning, rule
    tagged: dict[int, str]  # stays, but is noted

    def then(self, later: "Removal") -> "Removal":
        """Both removals; of a line that is cut and later dropped, the drop."""
        dropped = self.dropped | later.dropped
        cut = {line: what for line, what in (self.cut | later.cut).items() if line not in dropped}
        tagged = {line: rule for line, rule in (self.tagged | later.tagged).items() if line not in dropped and line not in cut}
        return Removal(dropped, cut, tagged)

    def outside(self, rows: np.ndarray, row_of: np.ndarray) -> "Removal":
        """What goes from the other rows: `rows` is boolean per row, `row_of` the row of each line."""
        return Removal(
            {line: rule for line, rule in self.dropped.items() if not rows[row_of[line]]},
            {line: what for line, what in self.cut.items() if not rows[row_of[line]]},
            {line: rule for line, rule in self.tagged.items() if not rows[row_of[line]]},
        )
