-- What was learnt from the store's papers: one row a fit; `papers` is how many the store had then.

create table space (
  fitted text collate "C" primary key,
  papers bigint not null,
  content bytea not null
);

-- Where an operator's own model places texts: `model` and `text` are digests of both, `place` half-precision numbers.

create table vector (
  model text collate "C" not null,
  text text collate "C" not null,
  place bytea not null,
  primary key (model, text)
);
