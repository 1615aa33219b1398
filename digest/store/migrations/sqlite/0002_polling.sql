-- How polling a source goes; the validators, which were one text, are columns that belong to an address.

alter table source drop column validators;
alter table source add column last_ok text;
alter table source add column failures integer not null default 0;
alter table source add column address text;
alter table source add column etag text;
alter table source add column last_modified text;
alter table source add column moved_to text;
alter table source add column baseline_at text;

-- What a source held when it was new to us and what is therefore no news.

alter table entry add column baseline integer not null default 0 check (baseline in (0, 1));

create index entry_baseline on entry (paper_id) where baseline = 1;
