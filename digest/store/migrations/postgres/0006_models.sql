-- What was learnt from the store's papers: one row a fit; `papers` is how many the store had then.

create table space (
  fitted text collate "C" primary key,
  papers bigint not null,
  content bytea not null
);
