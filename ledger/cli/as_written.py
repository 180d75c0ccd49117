"""Arguments that are taken as they were written: text, and words of a fixed list.

Typer hands every argument to pydantic, which takes longer to load than a question to answer. What is text
already, or was not given, needs neither; all else goes the way it always does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin


class AsWritten:
    """Reads one parameter; `otherwise` gives typer's own reader."""

    def __init__(self, annotation: Any, otherwise: Callable[[], Any]) -> None:
        self._otherwise = otherwise
        self._several = get_origin(annotation) is list
        one = get_args(annotation)[0] if self._several else annotation
        self._words = frozenset(get_args(one)) if get_origin(one) is Literal else None
        self._is_text = one is str

    def itself(self) -> AsWritten:
        """What typer asks a parameter for."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """What the parameter is worth; typer's own reader raises what it raises."""
        if value is not None and self._several and all(map(self._as_it_is, value)):
            return list(value)
        if value is not None and not self._several and self._as_it_is(value):
            return value
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        return self._otherwise().coerce(value, param, ctx)

    def _as_it_is(self, value: Any) -> bool:
        is_word = self._words is not None and value in self._words
        return isinstance(value, str) and (self._is_text or is_word)


def take_as_written(command: Any) -> None:
    """Read the parameters of a command, and of its verbs, as they were written, where they can be."""
    vars(command)["get_params"] = _with_readers(command.get_params)
    for verb in getattr(command, "commands", {}).values():
        take_as_written(verb)


def _with_readers(get_params: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    def params(ctx: Any) -> list[Any]:
        found = get_params(ctx)
        for param in found:
            reader = AsWritten(param.type_descriptor.annotation, type(param).get_runtime_param.__get__(param))
            vars(param)["get_runtime_param"] = reader.itself
        return found

    return params
