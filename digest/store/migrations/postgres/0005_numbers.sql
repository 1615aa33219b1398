-- Numbers that services are asked for: how asking each service goes, and when it is asked next about which paper.

create table meter (
  meter text collate "C" primary key,
  free_at text collate "C",
  rests_until text collate "C",
  failures bigint not null,
  last_ok text collate "C",
  last_error text collate "C",
  enrolled text collate "C"
);

create table reading (
  meter text collate "C" not null,
  paper_id text collate "C" not null references paper (id) on delete cascade,
  since text collate "C" not null,
  next_at text collate "C",
  numbers text collate "C" not null default '{}',
  address text collate "C",
  etag text collate "C",
  unknown bigint not null default 0 check (unknown in (0, 1)),
  primary key (meter, paper_id)
);

create index reading_due on reading (meter, next_at) where next_at is not null;
create index reading_paper on reading (paper_id);

-- Papers whose words are not yet among the document frequencies.

create table uncounted (
  paper_id text collate "C" primary key references paper (id) on delete cascade
);
