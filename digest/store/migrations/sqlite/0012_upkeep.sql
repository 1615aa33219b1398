-- Letters, which carry no digest, are claimed before all digests that wait.
drop index delivery_waiting;
create index delivery_waiting on delivery (coalesce(next_try, due), id)
where digest_id is not null and state in ('queued', 'deferred');
create index delivery_letters on delivery (coalesce(next_try, due), id)
where digest_id is null and state in ('queued', 'deferred');

-- A slot is planned segment by segment: each finds its own readers, or all were gone through once for each.
drop index subscriber_segment;
create index subscriber_segment on subscriber (cadence, zone, send_hour, language, layout, topics, id)
where topics <> '' and paused = 0;

-- Of each paper the text it has now has a place, in one model: what was kept can be asked about again.
drop table vector;
create table vector (
  paper_id text primary key references paper (id) on delete cascade,
  model text not null,
  text text not null,
  place blob not null
) strict, without rowid;

create index vector_model on vector (model);
