-- Numbers that services are asked for: how asking each service goes, and when it is asked next about which paper.

create table meter (
  meter text primary key,
  free_at text,
  rests_until text,
  failures integer not null,
  last_ok text,
  last_error text,
  enrolled text
) strict, without rowid;

create table reading (
  meter text not null,
  paper_id text not null references paper (id) on delete cascade,
  since text not null,
  next_at text,
  numbers text not null default '{}',
  address text,
  etag text,
  unknown integer not null default 0 check (unknown in (0, 1)),
  primary key (meter, paper_id)
) strict, without rowid;

create index reading_due on reading (meter, next_at) where next_at is not null;
create index reading_paper on reading (paper_id);

-- Papers whose words are not yet among the document frequencies.

create table uncounted (
  paper_id text primary key references paper (id) on delete cascade
) strict, without rowid;
