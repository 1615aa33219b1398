"""Queries about readers, their mail, and leases and switches."""

from __future__ import annotations

from digest.model import Bounce, Delivery, Digest, Subscriber, Subscription
from digest.store.sql import columns_of, insert, upsert

# Readers

_SUBSCRIBER = columns_of(Subscriber.__struct_fields__)

SAVE_SUBSCRIBER = upsert("subscriber", (*Subscriber.__struct_fields__, "address_key"), key=["id"], keep=["renewals"])
SUBSCRIBER = f"select {_SUBSCRIBER} from subscriber where id = :id"
SUBSCRIBERS_NAMED = f"select {_SUBSCRIBER} from subscriber where id in (select value from json_each(:ids)) order by id"
SUBSCRIBER_BY_KEY = f"select {_SUBSCRIBER} from subscriber where address_key = :address_key"
SUBSCRIBERS = f"select {_SUBSCRIBER} from subscriber order by id"

TOPICS_OF = """
select topic_id from subscription where subscriber_id = :subscriber_id and state = 'active' order by topic_id"""
KEEP_TOPICS = """
update subscriber set topics = :topics, covered = case when topics = '' then :since else covered end
where id = :subscriber_id and topics <> :topics"""

SAVE_SUBSCRIPTION = f"""{insert("subscription", Subscription.__struct_fields__)}
on conflict (subscriber_id, topic_id) do update
set state = excluded.state, since = excluded.since, evidence = excluded.evidence
where subscription.state in (select value from json_each(:legal))"""
SUBSCRIPTIONS = f"""
select {columns_of(Subscription.__struct_fields__)} from subscription
where subscriber_id = :subscriber_id order by topic_id"""

# Mail

_DIGEST = columns_of(Digest.__struct_fields__)
_DELIVERY = columns_of(Delivery.__struct_fields__)
# What the index of slots holds; who asks says so, as a query planner does not see that it follows.
_AT_REST = "state not in ('claimed', 'in_data')"

SAVE_DIGEST = f"""{insert("digest", Digest.__struct_fields__)}
on conflict (slot, language, layout, edition_ids) do nothing"""
SAME_DIGEST = """
select id from digest
where slot = :slot and language = :language and layout = :layout and edition_ids = :edition_ids"""
DIGEST = f"select {_DIGEST} from digest where id = :id"

PLAN_DELIVERY = f"{insert('delivery', Delivery.__struct_fields__)} on conflict (subscriber_id, slot) do nothing"
DELIVERY = f"select {_DELIVERY} from delivery where id = :id"
DELIVERIES = f"select {_DELIVERY} from delivery{{where}} order by due, id"
MOVE_DELIVERY = """
update delivery set state = :to, changed = :now, reply = coalesce(:reply, reply)
where id = :id and state in (select value from json_each(:legal))"""

SEND_TIMES = """
select distinct cadence, zone, send_hour from subscriber where topics <> '' and paused = 0
order by cadence, zone, send_hour"""
_IN_SEGMENT = """
where cadence = :cadence and zone = :zone and send_hour = :send_hour and topics <> '' and paused = 0"""
# Grouped by no more than differs: a million readers are sorted by it.
SEGMENTS = f"""
select language, layout, topics, covered, count(*) as readers, min(id) as first, max(id) as last
from subscriber{_IN_SEGMENT}
and covered < :due and planned is distinct from :slot
group by language, layout, topics, covered order by language, layout, topics, covered"""
_THIS_SEGMENT = f"""{_IN_SEGMENT}
and id >= :first and id <= :last
and language = :language and layout = :layout and topics = :topics and covered = :covered
and substr(topics, 1, 200) = substr(cast(:topics as text), 1, 200)
and planned is distinct from :slot"""
# What rtrim leaves of an address is all up to its "@".
DOMAINS = f"""
select lower(replace(address, rtrim(address, replace(address, '@', '')), '')) as domain, count(*) as readers
from subscriber{_THIS_SEGMENT} group by 1 order by 2 desc, 1"""
PLAN_SEGMENT = f"""
insert into delivery (id, subscriber_id, slot, state, due, digest_id, reply, changed, next_try)
select id || '/' || :slot, id, :slot, :state, :due, :digest_id, :reply, :now,
  case when id in (select value from json_each(:vanguard)) then null else cast(:next_try as text) end
from subscriber{_THIS_SEGMENT}
on conflict (subscriber_id, slot) do nothing"""
COVER_SEGMENT = f"update subscriber set covered = :covers, planned = :slot{_THIS_SEGMENT}"

# What waits: letters, and digests. Each has an index of its own in this order, and no other can be taken for it.
_WAITING = [f"digest_id is {which} and state in ('queued', 'deferred')" for which in ("null", "not null")]
_DUE = [
    f"""
  select * from (
    select id, {turn} as turn, coalesce(next_try, due) as at from delivery
    where {waiting} and coalesce(next_try, due) <= :now order by coalesce(next_try, due), id limit :limit
  ) as due_{turn}"""
    for turn, waiting in enumerate(_WAITING)
]
CLAIM = f"""
update delivery set state = 'claimed', lease_until = :until, fence = fence + 1, attempts = attempts + 1, changed = :now
where id in (
  select id from ({" union all".join(_DUE)}
  ) as due order by turn, at, id limit :limit
) returning {_DELIVERY}"""
STANDINGS = """
select id, state, fence,
  (select count(*) from subscription s where s.subscriber_id = delivery.subscriber_id and s.state = 'active') as active,
  (select count(*) from subscription s where s.subscriber_id = delivery.subscriber_id and s.state = 'pending')
    as pending,
  (select count(*) from switch where name = 'outbox' and value = 'paused') as paused
from delivery where id in (select value from json_each(:ids))"""
ADMIT = """
update delivery set state = 'in_data', message_id = :message_id, relay = :relay, lease_until = :until, changed = :now
where id = :id and fence = :fence and state = 'claimed'"""
FINISH = """
update delivery set state = :to, reply = :reply, next_try = :next_try, uncertain = uncertain + :uncertain,
  lease_until = null, changed = :now
where id = :id and fence = :fence and ({legal})"""
LAPSED = f"""
select {_DELIVERY} from delivery
where state in ('claimed', 'in_data') and lease_until <= :now order by lease_until, id"""
RELEASE = """
update delivery set state = 'queued', lease_until = null, attempts = attempts - 1, changed = :now,
  next_try = coalesce(cast(:next_try as text), next_try)
where id = :id and fence = :fence and state = 'claimed'"""
RENEW = """
update delivery set lease_until = :until where id = :id and fence = :fence and state in ('claimed', 'in_data')"""
# The two are counted in the small index that holds them.
BOOKS = f"""
select slot, state, held from (
  select slot, state, count(*) as held from delivery where {_AT_REST} group by slot, state
  union all
  select slot, state, count(*) from delivery where state in ('claimed', 'in_data') group by slot, state
) as counted order by slot desc, state"""
CHANGE_ALL = """
update delivery set state = :to, next_try = null, lease_until = null, changed = :now
where state in (select value from json_each(:origins))"""
CHANGE_SLOT = f"{CHANGE_ALL} and slot = :slot"
ANSWERS = f"""
select count(*) as answers, coalesce(sum(case when state = 'refused' then 1 else 0 end), 0) as refused
from (
  select state from delivery where slot = :slot and state in ('sent', 'refused') and {_AT_REST} limit :limit
) as answered"""
_SOONEST = [f"select min(coalesce(next_try, due)) as at from delivery where {waiting}" for waiting in _WAITING]
NEXT_TRY = f"select min(at) as at from ({' union all '.join(_SOONEST)}) as soonest"

SUPPRESS = """
insert into suppression (address_hash, reason, since) values (:address_hash, :reason, :since)
on conflict (address_hash) do update set reason = excluded.reason, since = excluded.since
where suppression.reason not in ('hard', 'complaint')"""
LIFT = "delete from suppression where address_hash = :address_hash and reason = :reason"
SUPPRESSIONS = """
select address_hash, reason from suppression where address_hash in (select value from json_each(:hashes))"""
SUPPRESSION = "select address_hash, reason, since from suppression where address_hash = :address_hash"

SAVE_BOUNCE = f"{insert('bounce', Bounce.__struct_fields__)} on conflict do nothing"
BOUNCES = f"""
select {columns_of(Bounce.__struct_fields__)} from bounce
where subscriber_id = :subscriber_id order by at, kind, status"""

# Leases and switches

TAKE_LEASE = """
insert into lease (name, holder, fence, until) values (:name, :holder, 1, :until)
on conflict (name) do update set
  fence = lease.fence + case when lease.holder = excluded.holder then 0 else 1 end,
  holder = excluded.holder, until = excluded.until
where lease.holder = excluded.holder or lease.until <= :now
returning fence"""
DROP_LEASE = "update lease set until = :now where name = :name and holder = :holder"
LEASES = "select name from lease where name like :names and until > :now order by name"
SET_SWITCH = """
insert into switch (name, value) values (:name, :value) on conflict (name) do update set value = excluded.value"""
SWITCH = "select value from switch where name = :name"
