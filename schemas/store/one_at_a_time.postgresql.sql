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
