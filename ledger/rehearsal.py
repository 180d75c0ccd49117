"""A dry run of several files: each is judged behind what those before it would post; nothing of it is kept.

No I/O here: the store judges them together, and this says which part of the verdict is the last file's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ledger.submission import Post, Row, Verdict

_BEFORE = sys.maxsize
"""The line of a post of an earlier file: beyond every line of the file that is judged."""


class Rehearsal:
    """What the files so far would post, and what of them would be refused."""

    def __init__(self) -> None:
        self.rows: Sequence[Row] = ()
        """Every row that would be there after the last file, and is not written."""

        self._before: list[Post] = []

    def behind(self, posts: Sequence[Post]) -> list[Post]:
        """These posts behind those of the files before, for `Store.submit`, as a dry run."""
        return [*self._before, *posts]

    def part_of(self, posts: Sequence[Post], verdict: Verdict, *, each: bool) -> Verdict:
        """What became of `posts` in the verdict on `behind(posts)`; from now on they stand before the next.

        Unless `each` row is on its own, a file of which anything is refused would post nothing.
        """
        repeated = [line for _, line in verdict.replayed]
        repeated += [one.line for one in verdict.declined]
        first = len(self._before) - repeated.count(_BEFORE)
        own = Verdict(
            rows=verdict.rows[first:],
            declined=[one for one in verdict.declined if one.line != _BEFORE],
            replayed=[one for one in verdict.replayed if one[1] != _BEFORE],
            warnings=[one for one in verdict.warnings if one[0] != _BEFORE],
        )
        refused = {one.line: one.refusal for one in own.declined}
        if refused and not each:
            own.rows = []
        for post in posts:
            if post.line in refused:  # as it was judged now, whatever comes before it the next time
                self._before.append(post._replace(asked=refused[post.line], line=_BEFORE))
            elif each or not refused:
                self._before.append(post._replace(line=_BEFORE))
        self.rows = verdict.rows
        return own
