-- One row or none: the last event of a topic before a seq and until an instant that no run recorded.
select hash
from event
where
    topic || '' = :topic -- by no index: the last ones are looked at first
    and action not in ('seen', 'changed', 'cleared', 'reopened')
    and seq < :before_seq and recorded_at <= :until
order by seq desc
limit 1
