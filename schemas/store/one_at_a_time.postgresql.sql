-- Lets one process at a time create the tables (`create table if not exists` alone may fail in a race), and
-- none while another posts: every writer locks the head first, so whoever has its table has them all wait.
select pg_advisory_xact_lock(790000000);

do $$
begin
    if to_regclass('head') is not null then
        lock table head in access exclusive mode;
    end if;
end
$$;

-- Until this transaction ends the ledger's schema comes first, where it is there: a session may find another
-- before it, such as that of a user's own name, in which a second set of tables would be made.
select set_config(
    'search_path', quote_ident(n.nspname) || ', ' || current_setting('search_path'), true
)
from pg_class as h
inner join pg_namespace as n on h.relnamespace = n.oid
where h.oid = to_regclass('head');
