-- Letters, which carry no digest, are claimed before all digests that wait.
drop index delivery_waiting;
create index delivery_waiting on delivery (coalesce(next_try, due), id)
where digest_id is not null and state in ('queued', 'deferred');
create index delivery_letters on delivery (coalesce(next_try, due), id)
where digest_id is null and state in ('queued', 'deferred');

-- A slot is planned segment by segment: each finds its own readers, or all were gone through once for each. Of topics,
-- which may be hundreds, it holds as many as tell most sets apart: an entry has to fit a page.
drop index subscriber_segment;
create index subscriber_segment on subscriber (cadence, zone, send_hour, language, layout, substr(topics, 1, 200), id)
where topics <> '' and paused = 0;

-- Of each paper the text it has now has a place, in one model: what was kept can be asked about again.
drop table vector;
create table vector (
  paper_id text collate "C" primary key references paper (id) on delete cascade,
  model text collate "C" not null,
  text text collate "C" not null,
  place bytea not null
);

create index vector_model on vector (model);

-- Each day all readers' rows are written anew: where a page has room for that, no index is (measured: a fifth of the
-- time).
alter table subscriber set (fillfactor = 45);
