-- One row: up to which entry those of a sealed file lie in the order of (country, seq).
select s.seq from sealed.sorted_through as s
