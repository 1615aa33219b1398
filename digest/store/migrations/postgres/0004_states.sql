-- What was new to us and when it came: by this a source is fresh, late or silent. The category '' is all of a source.

create table arrival (
  source_id text collate "C" not null,
  category text collate "C" not null,
  at text collate "C" not null,
  entries bigint not null,
  primary key (source_id, category, at)
);

create index arrival_at on arrival (at);

insert into arrival (source_id, category, at, entries)
select source_id, '', first_seen, count(*) from entry group by source_id, first_seen;

alter table source drop column state, drop column state_since;

-- Papers that turned out to be another one, under the id they had.

create table alias (
  id text collate "C" primary key,
  paper_id text collate "C" not null references paper (id)
);

create index alias_paper on alias (paper_id);

-- Which edition told that a paper its topic had picked was withdrawn.

create table notice (
  edition_id text collate "C" not null references edition (id) on delete cascade,
  topic_id text collate "C" not null,
  kind text collate "C" not null,
  paper_id text collate "C" not null,
  primary key (edition_id, paper_id)
);

create index notice_topic on notice (topic_id, kind, paper_id);
create index paper_withdrawn on paper (id) where withdrawn = 1;
create index pick_paper on pick (paper_id);

-- Who announced a paper, as it was known at a moment, is read from the index alone.

drop index entry_paper;
create index entry_paper on entry (paper_id, source_id, first_seen);
