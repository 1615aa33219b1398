-- A work that its own source calls withdrawn.

alter table entry add column withdrawn integer not null default 0 check (withdrawn in (0, 1));
