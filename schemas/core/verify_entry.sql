-- One row per entry, in the place of table `entry`: what was read again. Views over entries then speak of it.
create temp view entry as
select
    a.*,
    case when m.target = 'headroom' then a.tpp when m.source = 'headroom' then -a.tpp else 0 end
        as to_headroom_tpp
from arrived as a
inner join move as m on a.kind::varchar = m.kind;

-- all have arrived (verify_stored.sql left one thread)
reset threads;
