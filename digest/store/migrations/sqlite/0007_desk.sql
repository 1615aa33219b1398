-- What editors decided about an edition, also before it is there, and which papers a topic shall not have.

create table desk (
  edition_id text primary key,
  version integer not null,
  content text not null
) strict, without rowid;

create table block (
  topic_id text not null,
  paper_id text not null,
  since text not null,
  primary key (topic_id, paper_id)
) strict, without rowid;

-- What a model wrote, by what it was asked.

create table summary (
  hash text primary key,
  model text not null,
  text text not null,
  at text not null
) strict, without rowid;
