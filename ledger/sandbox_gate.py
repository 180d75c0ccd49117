"""What an ad-hoc query may contain: one SELECT, of these nodes, over these relations, with these functions.

It reads DuckDB's own parse tree, so that there is one reading of a query and no second one to disagree with.
Whatever is not named here is refused: a release of DuckDB that can do more opens nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

_NODES = frozenset({
    # queries
    "SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE",
    # what stands after FROM
    "BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SHOW_REF", "SUBQUERY", "TABLE_FUNCTION",
    # what stands at the end
    "DISTINCT_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "ORDER_DEFAULT",
    "ASCENDING", "DESCENDING",
})  # fmt: skip
_EXPRESSIONS = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION",
    "LAMBDA", "OPERATOR", "PARAMETER", "POSITIONAL_REFERENCE", "STAR", "SUBQUERY", "TYPE", "WINDOW",
})  # fmt: skip
_WINDOWS = frozenset({
    "WINDOW_AGGREGATE", "WINDOW_CUME_DIST", "WINDOW_FIRST_VALUE", "WINDOW_LAG", "WINDOW_LAST_VALUE",
    "WINDOW_LEAD", "WINDOW_NTH_VALUE", "WINDOW_NTILE", "WINDOW_PERCENT_RANK", "WINDOW_RANK",
    "WINDOW_RANK_DENSE", "WINDOW_ROW_NUMBER",
})  # fmt: skip

_OPERATORS = """
    + - * / // % ^ ** & | ~ << >> || = != < <= > >= @ ~~ !~~ ~~* !~~* ~~~ ^@ ->> && @> <@
    array_extract array_slice
"""
_ARITHMETIC = """
    abs add ceil ceiling divide even exp factorial fdiv floor fmod gcd greatest isfinite isinf isnan lcm
    least ln log log10 log2 mod multiply pi pow power round round_even sign sqrt cbrt subtract trunc
    equi_width_bins
"""
_TEXT = """
    ascii bar chr concat concat_ws contains ends_with format instr lcase left length levenshtein like_escape
    ilike_escape not_like_escape not_ilike_escape lower lpad ltrim md5 nfc_normalize overlay position prefix
    printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_split_to_array repeat replace reverse right rpad rtrim sha256 split split_part starts_with
    str_split string_split strip_accents strlen strpos substr substring suffix translate trim ucase unicode
    upper jaro_winkler_similarity damerau_levenshtein format_bytes
"""
_TIME = """
    age century current_date date_add date_diff date_part date_sub date_trunc datediff
    datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade epoch
    epoch_ms epoch_us get_current_timestamp hour isodow isoyear last_day make_date make_timestamp minute
    month monthname now quarter second strftime strptime time_bucket timezone to_days to_hours to_minutes
    to_months to_quarters to_seconds to_timestamp to_weeks to_years today try_strptime week weekday
    weekofyear year yearweek
"""
_CHOICE = "if nullif typeof constant_or_null"
_LISTS = """
    array_length array_to_string cardinality element_at flatten generate_series list_append list_apply
    list_avg list_any_value list_cat list_concat list_contains list_count list_distinct list_element
    list_extract list_filter list_first list_has list_has_all list_has_any list_indexof list_intersect
    list_last list_max list_median list_min list_mode list_pack list_position list_prepend list_reduce
    list_reverse list_reverse_sort list_slice list_sort list_sum list_transform list_unique list_value
    list_where list_zip len map map_contains map_entries map_extract map_extract_value map_from_entries
    map_keys map_values range row struct_extract struct_insert struct_pack unnest generate_subscripts
    array_value json_array json_array_length json_extract json_extract_string json_keys json_object
    json_type json_valid to_json json_group_array json_group_object
"""
_AGGREGATES = """
    any_value approx_count_distinct approx_quantile arbitrary arg_max arg_max_null arg_min arg_min_null
    argmax argmin array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star
    countif covar_pop covar_samp cume_dist dense_rank entropy favg first first_value fsum geomean
    group_concat histogram kahan_sum kurtosis lag last last_value lead list listagg mad max max_by mean
    median min min_by mode nth_value ntile percent_rank product quantile quantile_cont quantile_disc rank
    regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope row_number skewness stddev stddev_pop
    stddev_samp string_agg sum sum_no_overflow var_pop var_samp variance weighted_avg
"""
_GROUPS = (_OPERATORS, _ARITHMETIC, _TEXT, _TIME, _CHOICE, _LISTS, _AGGREGATES)
FUNCTIONS = frozenset(name for group in _GROUPS for name in group.split())
"""All of them pure: none reads a file, a setting, a variable or a catalog, or runs text as SQL."""

_TABLE_FUNCTIONS = frozenset({"generate_series", "range", "unnest"})
_TYPE_NAMES = """
    array bigint blob bool boolean char date decimal double enum float hugeint int int1 int2 int4 int8
    integer interval json list logical long map numeric real row short signed smallint string struct text
    time timestamp timestamptz tinyint ubigint uinteger union usmallint utinyint uuid varchar
"""
_TYPES = frozenset(_TYPE_NAMES.split()) | {"timestamp with time zone"}
_ASKING = frozenset({"is_undone", "known_country"})
"""Macros of ours that answer with a value and ask tables for it."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Surface(NamedTuple):
    """What the core offers: tables and views, macros that answer with rows or with a value, types."""

    relations: Collection[str]
    table_macros: Collection[str]
    macros: Collection[str]
    types: Collection[str]


class Refusal(Exception):
    """The query may not run; its text says why, in a sentence."""


def check(parsed: Mapping[str, Any], surface: Surface, query: str) -> None:
    """Raise Refusal unless the tree of a query (of `json_serialize_sql`) is one SELECT that may run."""
    if parsed["error"]:
        said = str(parsed.get("error_message", ""))
        if said.startswith("Only SELECT"):
            way_out = "; a pivot names its values: pivot entry on kind in ('license', 'export') ..."
            said = "this is no SELECT: a query may read, and do nothing else"
            raise Refusal(said + way_out if "pivot" in query.lower() else said)
        raise Refusal(f"the query cannot be read: {said}")
    statements = parsed["statements"]
    if len(statements) != 1:
        raise Refusal(f"one SELECT at a time: these are {len(statements)} statements")
    tree = list(_nodes(statements[0]))
    ctes = {name for node in tree for name in _declared(node)}
    for name in ctes:
        if not _NAME.fullmatch(name):
            raise Refusal(f"'{name}' is no name for a part of a query: use letters, digits and _")
        if name.lower() in surface.relations and any(_is_of_ours(node, surface) for node in tree):
            raise Refusal(
                f"'{name}' is a table here, which macros ask: give this part of the query another name"
            )
    known = {each.lower() for each in (*surface.relations, *ctes)}
    for node in tree:
        _check_kind(node)
        _check_names(node, known, surface)


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of the tree. By a list of what is left, not by recursion: a query may nest deeply."""
    left = [tree]
    while left:
        each = left.pop()
        if isinstance(each, Mapping):
            yield each
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _declared(node: Mapping[str, Any]) -> Iterator[str]:
    """The names that WITH gives to queries."""
    for each in node.get("cte_map", {}).get("map", ()):
        yield each["key"]
    if node.get("type") == "RECURSIVE_CTE_NODE":
        yield node["cte_name"]


def _check_kind(node: Mapping[str, Any]) -> None:
    kind, sort = node.get("type"), node.get("class")
    if sort is not None:
        if sort not in _EXPRESSIONS or (sort == "WINDOW" and kind not in _WINDOWS):
            raise Refusal(f"{_words(kind)} is not for queries")
    elif isinstance(kind, str) and kind not in _NODES:
        raise Refusal(f"{_words(kind)} is not for queries: a query may read, and do nothing else")


def _is_of_ours(node: Mapping[str, Any], surface: Surface) -> bool:
    """Whether it is one of our macros, which would take a part of the query for a table of that name."""
    path = _path(node)[-1:] if node.get("class") == "FUNCTION" else ()
    return any(name.lower() in _ASKING or name.lower() in surface.table_macros for name in path)


def _words(kind: object) -> str:
    return str(kind).lower().removesuffix("_query_node").removesuffix("_node").replace("_", " ")


def _check_names(node: Mapping[str, Any], known: Collection[str], surface: Surface) -> None:
    kind, sort = node.get("type"), node.get("class")
    if sort in ("FUNCTION", "WINDOW"):
        name = _single(node, "function")
        if name not in FUNCTIONS and name not in surface.macros and name not in surface.table_macros:
            raise Refusal(f"the function {name}() is not for queries")
    elif kind == "TABLE_FUNCTION":
        name = _single(node["function"], "function")
        if name not in _TABLE_FUNCTIONS and name not in surface.table_macros:
            raise Refusal(f"{name}() is no table for queries: ask {', '.join(sorted(surface.table_macros))}")
    elif sort == "TYPE":
        name = _single(node, "type")
        if name not in _TYPES and name not in surface.types:
            raise Refusal(f"the type {name} is not for queries")
    elif kind == "BASE_TABLE":
        _check_table(node, known, surface)
    elif kind == "SHOW_REF" and not node.get("query"):
        raise Refusal("show is not for queries: tppq sql --schema lists what there is")


def _check_table(node: Mapping[str, Any], known: Collection[str], surface: Surface) -> None:
    name = _single(node, "table")
    if name not in known:
        raise Refusal(
            f"there is no table or view '{'.'.join(_path(node))}' for queries: "
            f"ask {', '.join(sorted(surface.relations))}"
        )
    if node.get("at_clause"):
        raise Refusal(
            f"at (...) is not for queries: {name} is asked as it stands; headroom(), licenses() and "
            "statement() take as_of and known_at"
        )


def _path(node: Mapping[str, Any]) -> list[str]:
    return [str(part) for part in node.get("qualified_name", {}).get("path", ())]


def _single(node: Mapping[str, Any], what: str) -> str:
    """The name of a table, function or type, which stands alone: not that of another schema or database."""
    path = _path(node)
    if len(path) != 1:
        raise Refusal(f"'{'.'.join(path)}': the {what} of a query is named without schema or database")
    return path[0].lower()
