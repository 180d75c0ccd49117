"""How answers are given out: in the forms of the command, with what they stand on in headers as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, get_args

from fastapi import Response

from ledger import reference, render
from ledger.answer import Answer

Form = Literal["json", "ndjson", "csv", "tsv", "md", "xlsx", "parquet", "arrow"]

_MEDIA: Mapping[Form, str] = MappingProxyType({
    "json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8", "md": "text/markdown; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet", "arrow": "application/vnd.apache.arrow.file",
})  # fmt: skip
FORMS: tuple[Form, ...] = get_args(Form)
IN_ANY_FORM: Mapping[int | str, dict[str, Any]] = MappingProxyType(
    {
        200: {
            "description": "Rows, in the form that `format` names",
            "content": {_MEDIA[form]: {} for form in FORMS},
        }
    }
)
"""What a question answers, for the description of its path."""

_STOOD_ON = ("regime", "seq", "head_hash", "as_of", "known_at", "h100_tpp", "total_rows", "notes")


def answered(answer: Answer, form: Form = "json") -> Response:
    """An answer in a form; the header Tppq-Basis says what it stands on, Tppq-Notice what it is not."""
    notice = reference.notice_of(answer.basis)
    basis = {name: answer.basis[name] for name in _STOOD_ON if name in answer.basis}
    headers = {
        "Tppq-Basis": json.dumps(basis, separators=(",", ":")), "Cache-Control": "no-store",
        "Tppq-Notice": notice.encode("ascii", "replace").decode(),  # all that a header may hold
    }  # fmt: skip
    return Response(
        render.rows_as(form, answer.given, answer.basis, notice), headers=headers, media_type=_MEDIA[form]
    )


def told(value: Any, status: int = 200) -> Response:
    """One object as JSON."""
    return Response(
        render.as_json(value), status, headers={"Cache-Control": "no-store"}, media_type=_MEDIA["json"]
    )
