-- A work that its own source calls withdrawn.

alter table entry add column withdrawn bigint not null default 0 check (withdrawn in (0, 1));

-- What is known of a source's manners, and what its polls owe it: a poll is complete when all of it was read.

alter table source add column complete_at text collate "C";
alter table source add column fresh_until text collate "C";
alter table source add column last_news text collate "C";
alter table source add column moved_since text collate "C";
alter table source add column pause text collate "C" not null default '{}';
alter table source add column rhythm text collate "C" not null default '{}';

update source set complete_at = last_ok, moved_since = case when moved_to is not null then last_ok end;

-- Hosts that asked for patience; their names are those by which sources take turns.

create table host (
  name text collate "C" primary key,
  free_at text collate "C" not null
);
