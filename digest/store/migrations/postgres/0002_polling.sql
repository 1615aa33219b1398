-- How polling a source goes; the validators, which were one text, are columns that belong to an address.

alter table source
  drop column validators,
  add column last_ok text collate "C",
  add column failures bigint not null default 0,
  add column address text collate "C",
  add column etag text collate "C",
  add column last_modified text collate "C",
  add column moved_to text collate "C",
  add column baseline_at text collate "C";

-- What a source held when it was new to us and what is therefore no news.

alter table entry add column baseline bigint not null default 0 check (baseline in (0, 1));

create index entry_baseline on entry (paper_id) where baseline = 1;
