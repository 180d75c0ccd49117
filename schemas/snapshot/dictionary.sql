-- One row per table, view, macro and function that may be asked, and per column or argument of one of them:
-- what it is called, its type, and its comment. What has no comment is the core's own business.
with named as (
    select
        t.table_name as name,
        'table' as sort,
        t.comment
    from duckdb_tables() as t
    where not t.internal
    union all
    select
        v.view_name as name,
        'view' as sort,
        v.comment
    from duckdb_views() as v
    where not v.internal
    union all
    select
        f.function_name as name,
        case when f.function_type = 'table_macro' then 'macro' else 'function' end as sort,
        f.comment
    from duckdb_functions() as f
    where not f.internal
),

answered as (
    select 'headroom' as name, * from (describe from headroom()) -- noqa: PRS
    union all -- noqa: PRS
    select 'running' as name, * from (describe from running())
    union all
    select 'statement' as name, * from (describe from statement('AE'))
    union all
    select 'licenses' as name, * from (describe from licenses())
),

placed as (
    select
        n.name,
        n.sort,
        null::varchar as column_name,
        null::varchar as data_type,
        n.comment,
        -2000 as place
    from named as n
    union all
    select
        c.table_name,
        n.sort,
        c.column_name,
        c.data_type,
        c.comment,
        c.column_index
    from duckdb_columns() as c
    inner join named as n on c.table_name = n.name and n.sort in ('table', 'view')
    where not c.internal
    union all
    select
        f.function_name,
        n.sort,
        '(' || unnest(f.parameters) || ')',
        null,
        null,
        generate_subscripts(f.parameters, 1) - 1000
    from duckdb_functions() as f
    inner join named as n on f.function_name = n.name and n.sort in ('macro', 'function')
    where not f.internal
    union all
    select
        a.name,
        'macro',
        a.column_name,
        a.column_type,
        null,
        row_number() over (partition by a.name)
    from answered as a
)

select
    p.name,
    p.sort,
    p.column_name as "column",
    -- an enum's type is its name: its values are in a table
    case when p.data_type like 'ENUM%' then 'VARCHAR' else p.data_type end as type,
    p.comment
from placed as p
inner join named as n on p.name = n.name and p.sort = n.sort
where n.comment is not null
order by array_position(['table', 'view', 'macro', 'function'], p.sort), p.name, p.place
