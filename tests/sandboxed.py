"""A process like the sandbox's own that tries many queries, one after another, and says what came of each.

`python -m tests.sandboxed JOB`, with a list of queries as JSON on stdin; `JOB` is the file of the job.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb

from ledger import sandbox_child, schema
from ledger.sandbox_gate import Refusal, check


def main() -> None:
    job: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    queries: list[str] = json.loads(sys.stdin.read())
    connection = sandbox_child.filled(job)
    surface = sandbox_child.surface_of(connection)
    if job["locked"]:
        connection.execute(schema.sql("snapshot/lock_down.sql"))
    parse = schema.sql("snapshot/parse.sql")
    sandbox_child.give_up(job)
    said: list[dict[str, Any]] = []
    for query in queries:
        try:
            if job["gate"]:
                (tree,) = connection.execute(parse, {"query": query}).fetchall()[0]
                check(json.loads(tree), surface, query)
                rows, total = sandbox_child.run(connection, query, job)
                assert rows.num_rows == total
                said.append({"rows": [list(map(str, row.values())) for row in rows.to_pylist()]})
            else:
                connection.execute(query).fetchall()
                said.append({"rows": []})
        except (Refusal, duckdb.Error) as error:
            said.append({"error": str(error)})
    sys.stdout.write(json.dumps(said))


main()
