-- What was learnt from the store's papers: one row a fit; `papers` is how many the store had then.

create table space (
  fitted text primary key,
  papers integer not null,
  content blob not null
) strict;

-- Where an operator's own model places texts: `model` and `text` are digests of both, `place` half-precision numbers.

create table vector (
  model text not null,
  text text not null,
  place blob not null,
  primary key (model, text)
) strict, without rowid;
