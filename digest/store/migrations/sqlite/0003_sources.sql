-- A work that its own source calls withdrawn.

alter table entry add column withdrawn integer not null default 0 check (withdrawn in (0, 1));

-- What is known of a source's manners, and what its polls owe it: a poll is complete when all of it was read.

alter table source add column complete_at text;
alter table source add column fresh_until text;
alter table source add column last_news text;
alter table source add column moved_since text;
alter table source add column pause text not null default '{}';
alter table source add column rhythm text not null default '{}';

update source set complete_at = last_ok, moved_since = case when moved_to is not null then last_ok end;

-- Hosts that asked for patience; their names are those by which sources take turns.

create table host (
  name text primary key,
  free_at text not null
) strict, without rowid;
