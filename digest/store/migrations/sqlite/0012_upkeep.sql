-- SQLite makes a list of more than two anew for each statement: as one, the check of the state took longer than entering
-- a row, or changing its state (measured). A check cannot be changed, so the table is made anew, with what refers to it.
create table new_delivery (
  id text primary key,
  subscriber_id text not null,
  slot text not null,
  digest_id text references digest (id),
  state text not null check (
    state = 'queued' or state = 'claimed' or state = 'in_data' or state = 'deferred' or state = 'sent'
    or state = 'refused' or state = 'parked' or state = 'suppressed' or state = 'cancelled' or state = 'skipped'
  ),
  due text not null,
  attempts integer not null default 0,
  uncertain integer not null default 0,
  next_try text,
  lease_until text,
  fence integer not null default 0,
  message_id text,
  reply text,
  changed text,
  relay text,
  unique (subscriber_id, slot)
) strict;

insert into new_delivery select
  id, subscriber_id, slot, digest_id, state, due, attempts, uncertain, next_try, lease_until, fence, message_id, reply,
  changed, relay
from delivery;

create table new_bounce (
  delivery_id text references new_delivery (id),
  subscriber_id text,
  kind text not null check (kind in ('hard', 'soft', 'complaint')),
  at text not null,
  status text,
  detail text
) strict;

insert into new_bounce select delivery_id, subscriber_id, kind, at, status, detail from bounce;

drop table bounce;
drop table delivery;
alter table new_delivery rename to delivery;
alter table new_bounce rename to bounce;

create index delivery_leased on delivery (lease_until) where state in ('claimed', 'in_data');
create index delivery_slot on delivery (slot, state) where state not in ('claimed', 'in_data');
create unique index bounce_once on bounce (
  coalesce(delivery_id, ''), coalesce(subscriber_id, ''), kind, at, coalesce(status, '')
);
create index bounce_delivery on bounce (delivery_id);
create index bounce_subscriber on bounce (subscriber_id, at);

-- Letters, which carry no digest, are claimed before all digests that wait.
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
  paper_id text primary key references paper (id) on delete cascade,
  model text not null,
  text text not null,
  place blob not null
) strict, without rowid;

create index vector_model on vector (model);
