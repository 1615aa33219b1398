-- What editors decided about an edition, also before it is there, and which papers a topic shall not have.

create table desk (
  edition_id text collate "C" primary key,
  version bigint not null,
  content text collate "C" not null
);

create table block (
  topic_id text collate "C" not null,
  paper_id text collate "C" not null,
  since text collate "C" not null,
  primary key (topic_id, paper_id)
);

-- What a model wrote, by what it was asked.

create table summary (
  hash text collate "C" primary key,
  model text collate "C" not null,
  text text collate "C" not null,
  at text collate "C" not null
);
