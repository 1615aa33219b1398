-- What was learnt from the store's papers: one row a fit; `papers` is how many the store had then.

create table space (
  fitted text primary key,
  papers integer not null,
  content blob not null
) strict;
