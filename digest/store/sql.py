"""Every query, once, in the SQL that SQLite (3.39 or later) and PostgreSQL share.

Parameters are named. A list of any length travels as one JSON array, `json_each(:ids)`: SQLite brings this function,
PostgreSQL gets one of the same name and shape by its first migration. No other function of a dialect is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digest.model import Bounce, Delivery, Digest, Entry, Health, Paper, Signal, Source, Subscriber, Subscription

# SQLite knows no `limit null`, PostgreSQL no `limit -1`.
NO_LIMIT = 2**63 - 1


def columns_of(names: Sequence[str], before: str = "") -> str:
    """Return a list of columns, each with `before` in front: `id, title` or `:id, :title`."""
    return ", ".join(before + name for name in names)


def matching(given: Mapping[str, object]) -> str:
    """Return the where clause that keeps rows equal to each given value that is not None."""
    terms = [f"{name} = :{name}" for name, value in given.items() if value is not None]
    return f" where {' and '.join(terms)}" if terms else ""


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"insert into {table} ({columns_of(columns)}) values ({columns_of(columns, ':')})"


def _upsert(table: str, columns: Sequence[str], *, key: Sequence[str], keep: Sequence[str] = ()) -> str:
    """Insert a row, or update the one with its key if it is distinct: an equal row is not written, nor indexed anew."""
    rest = [column for column in columns if column not in (*key, *keep)]
    return f"""{_insert(table, columns)}
on conflict ({columns_of(key)}) do update set {", ".join(f"{column} = excluded.{column}" for column in rest)}
where ({columns_of(rest, f"{table}.")}) is distinct from ({columns_of(rest, "excluded.")})"""


# Sources

_SOURCE = columns_of(Source.__struct_fields__)

PUT_SOURCE = _upsert("source", Source.__struct_fields__, key=["id"])
SOURCES = f"select {_SOURCE} from source order by id"
SOURCE = f"select {_SOURCE} from source where id = :id"
SOURCE_IDS = "select id from source order by id"
REMOVE_SOURCE = "delete from source where id = :id"
SOURCE_TALLIES = """
select source_id, count(*) as entries, max(first_seen) as last_seen from entry group by source_id order by source_id"""

_HEALTH = [name for name in Health.__struct_fields__ if name != "source_id"]

DUE_SOURCES = f"""
select {_SOURCE} from source
where enabled = 1 and url is not null and (next_poll is null or next_poll <= :now) order by id"""
ALL_HEALTH = f"select id as source_id, {columns_of(_HEALTH)} from source order by id"
HEALTH = f"""
select id as source_id, {columns_of(_HEALTH)} from source
where id in (select value from json_each(:ids)) order by id"""
SAVE_HEALTH = f"update source set {', '.join(f'{name} = :{name}' for name in _HEALTH)} where id = :source_id"

# Papers

PAPER_COLUMNS = columns_of(Paper.__struct_fields__)

SAVE_PAPER = _upsert("paper", (*Paper.__struct_fields__, "fresh_from"), key=["id"])
PAPERS = f"select {PAPER_COLUMNS} from paper where id in (select value from json_each(:ids)) order by id"
PAPERS_BETWEEN = f"""
select {PAPER_COLUMNS} from paper
where fresh_from >= :lowest and fresh_from < :end and first_seen <= :as_of and withdrawn = 0
and (fresh_from >= :start or first_seen >= :new_since)
and (
  not exists (select 1 from entry where paper_id = paper.id and baseline = 1)
  or exists (select 1 from entry where paper_id = paper.id and baseline = 0 and entry.first_seen <= :as_of)
)
order by id"""
FIRST_SIGHT = "select min(first_seen) as first_seen from paper"

SAVE_KEY = "insert into paper_key (key, paper_id) values (:key, :paper_id) on conflict (key) do nothing"
PAPER_IDS = "select key, paper_id from paper_key where key in (select value from json_each(:keys)) order by key"

# Entries

_ENTRY = (*Entry.__struct_fields__, "paper_id", "first_seen")

SAVE_SIGHTING = _upsert("entry", _ENTRY, key=["source_id", "external_id"], keep=["first_seen"])
SIGHTINGS = f"""
select {columns_of(_ENTRY)} from entry
where source_id = :source_id and external_id in (select value from json_each(:external_ids)) order by external_id"""
MARK_BASELINE = """
update entry set baseline = 1
where source_id = :source_id and external_id in (select value from json_each(:external_ids))"""
ANNOUNCERS = """
select distinct paper_id, source_id from entry
where paper_id in (select value from json_each(:paper_ids)) order by paper_id, source_id"""

# Signals

SAVE_SIGNAL = f"{_insert('signal', Signal.__struct_fields__)} on conflict (paper_id, kind, source_id, at) do nothing"
NUMBERS = """
select paper_id, kind, max(value) as value from signal join (
  select paper_id, kind, source_id, max(at) as at from signal
  where paper_id in (select value from json_each(:paper_ids)) and at <= :at
  group by paper_id, kind, source_id
) as latest using (paper_id, kind, source_id, at)
group by paper_id, kind order by paper_id, kind"""
SERIES = f"""
select {columns_of(Signal.__struct_fields__)} from signal
where paper_id = :paper_id and at <= :until order by at, kind, source_id"""

# Terms

COUNT_TERM = """
insert into term (term, papers) values (:term, :papers)
on conflict (term) do update set papers = term.papers + excluded.papers"""
COUNT_CORPUS = "update corpus set papers = papers + :papers, tokens = tokens + :tokens"
FREQUENCIES = """
select term, papers from term where papers > 0 and term in (select value from json_each(:terms)) order by term"""
CORPUS = "select papers, tokens from corpus"

# Topics

PUT_TOPIC = _upsert("topic", ["id", "owner", "enabled", "definition"], key=["id"])
SITE_TOPICS = "select definition from topic where owner is null order by id"
OWN_TOPICS = "select definition from topic where owner = :owner order by id"
TOPIC = "select definition from topic where id = :id"
TOPIC_IDS = "select id from topic where owner is null order by id"
REMOVE_TOPIC = "delete from topic where id = :id"

# Editions

_EDITION = ("id", "topic_id", "kind", "start", "state", "cut", "as_of", "released", "content")
_PICK = ("edition_id", "topic_id", "kind", "start", "paper_id", "rank", "score")

SAVE_EDITION = f"""{_insert("edition", _EDITION)}
on conflict (id) do update set state = excluded.state, cut = excluded.cut, as_of = excluded.as_of,
released = excluded.released, content = excluded.content
where edition.state = 'draft'"""
REMOVE_PICKS = "delete from pick where edition_id = :edition_id"
SAVE_PICK = _insert("pick", _PICK)
EDITION = "select content from edition where id = :id"
EDITIONS = "select content from edition{where} order by start desc, topic_id, id limit :limit"
RELEASES = "select id, coalesce(released, cut) as released from edition where state = 'released' order by id"
PERIODS = "select kind, start from edition where topic_id = :topic_id"
PICKED = """
select distinct paper_id from pick
where topic_id = :topic_id and kind = :kind and start < :before and start >= :since and edition_id <> :apart_from"""

# Readers

_SUBSCRIBER = columns_of(Subscriber.__struct_fields__)

SAVE_SUBSCRIBER = _upsert("subscriber", (*Subscriber.__struct_fields__, "address_key"), key=["id"])
SUBSCRIBER = f"select {_SUBSCRIBER} from subscriber where id = :id"
SUBSCRIBER_BY_KEY = f"select {_SUBSCRIBER} from subscriber where address_key = :address_key"
SUBSCRIBERS = f"select {_SUBSCRIBER} from subscriber order by id"

TOPICS_OF = """
select topic_id from subscription where subscriber_id = :subscriber_id and state = 'active' order by topic_id"""
KEEP_TOPICS = """
update subscriber set topics = :topics, covered = case when topics = '' then :since else covered end
where id = :subscriber_id and topics <> :topics"""

SAVE_SUBSCRIPTION = f"""{_insert("subscription", Subscription.__struct_fields__)}
on conflict (subscriber_id, topic_id) do update
set state = excluded.state, since = excluded.since, evidence = excluded.evidence
where subscription.state in (select value from json_each(:legal))"""
SUBSCRIPTIONS = f"""
select {columns_of(Subscription.__struct_fields__)} from subscription
where subscriber_id = :subscriber_id order by topic_id"""

# Mail

_DIGEST = columns_of(Digest.__struct_fields__)
_DELIVERY = columns_of(Delivery.__struct_fields__)

SAVE_DIGEST = f"""{_insert("digest", Digest.__struct_fields__)}
on conflict (slot, language, layout, edition_ids) do nothing"""
SAME_DIGEST = """
select id from digest
where slot = :slot and language = :language and layout = :layout and edition_ids = :edition_ids"""
DIGEST = f"select {_DIGEST} from digest where id = :id"

PLAN_DELIVERY = f"{_insert('delivery', Delivery.__struct_fields__)} on conflict (subscriber_id, slot) do nothing"
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
SEGMENTS = f"""
select cadence, zone, send_hour, language, layout, topics, covered, count(*) as readers from subscriber{_IN_SEGMENT}
and covered < :due and planned is distinct from :slot
group by cadence, zone, send_hour, language, layout, topics, covered order by language, layout, topics, covered"""
_THIS_SEGMENT = f"""{_IN_SEGMENT}
and language = :language and layout = :layout and topics = :topics and covered = :covered
and planned is distinct from :slot"""
PLAN_SEGMENT = f"""
insert into delivery (id, subscriber_id, slot, state, due, digest_id, reply, changed)
select id || '/' || :slot, id, :slot, :state, :due, :digest_id, :reply, :now from subscriber{_THIS_SEGMENT}
on conflict (subscriber_id, slot) do nothing"""
COVER_SEGMENT = f"update subscriber set covered = :covers, planned = :slot{_THIS_SEGMENT}"

CLAIM = f"""
update delivery set state = 'claimed', lease_until = :until, fence = fence + 1, attempts = attempts + 1, changed = :now
where id in (
  select id from delivery
  where state in ('queued', 'claimed', 'in_data', 'deferred') and state in ('queued', 'deferred')
  and coalesce(next_try, due) <= :now order by coalesce(next_try, due), id limit :limit
) returning {_DELIVERY}"""
STANDING = """
select state, fence,
  (select count(*) from subscription s where s.subscriber_id = delivery.subscriber_id and s.state = 'active') as active,
  (select count(*) from subscription s where s.subscriber_id = delivery.subscriber_id and s.state = 'pending')
    as pending,
  (select reason from suppression where address_hash = :address_hash) as suppression,
  (select count(*) from switch where name = 'outbox' and value = 'paused') as paused
from delivery where id = :id"""
ENTER = """
update delivery set state = :to, message_id = :message_id, lease_until = :until, changed = :now
where id = :id and fence = :fence and state = 'claimed'"""
FINISH = """
update delivery set state = :to, reply = :reply, next_try = :next_try, uncertain = uncertain + :uncertain,
  lease_until = null, changed = :now
where id = :id and fence = :fence and state in (select value from json_each(:legal))"""
LAPSED = f"""
select {_DELIVERY} from delivery
where state in ('queued', 'claimed', 'in_data', 'deferred') and state in ('claimed', 'in_data') and lease_until <= :now
order by id"""
RELEASE = """
update delivery set state = 'queued', lease_until = null, attempts = attempts - 1, changed = :now
where id = :id and fence = :fence and state = 'claimed'"""
BOOKS = "select slot, state, count(*) as held from delivery group by slot, state order by slot desc, state"
CHANGE_ALL = """
update delivery set state = :to, next_try = null, changed = :now
where state in (select value from json_each(:origins)) and slot = coalesce(:slot, slot)"""
NEXT_TRY = """
select min(coalesce(next_try, due)) as at from delivery
where state in ('queued', 'claimed', 'in_data', 'deferred') and state in ('queued', 'deferred')"""

SUPPRESS = """
insert into suppression (address_hash, reason, since) values (:address_hash, :reason, :since)
on conflict (address_hash) do update set reason = excluded.reason, since = excluded.since
where suppression.reason not in ('hard', 'complaint')"""
LIFT = "delete from suppression where address_hash = :address_hash and reason = :reason"
SUPPRESSION = "select address_hash, reason, since from suppression where address_hash = :address_hash"

SAVE_BOUNCE = f"{_insert('bounce', Bounce.__struct_fields__)} on conflict do nothing"
BOUNCES = f"""
select {columns_of(Bounce.__struct_fields__)} from bounce
where subscriber_id = :subscriber_id order by at, kind, status"""

# The whole

TABLES = (
    "source",
    "entry",
    "paper",
    "signal",
    "topic",
    "edition",
    "subscriber",
    "subscription",
    "digest",
    "delivery",
    "bounce",
    "suppression",
)
TALLY = " union all ".join(f"select '{table}' as name, count(*) as held from {table}" for table in TABLES)

# Leases and switches

TAKE_LEASE = """
insert into lease (name, holder, fence, until) values (:name, :holder, 1, :until)
on conflict (name) do update set
  fence = lease.fence + case when lease.holder = excluded.holder then 0 else 1 end,
  holder = excluded.holder, until = excluded.until
where lease.holder = excluded.holder or lease.until <= :now
returning fence"""
DROP_LEASE = "update lease set until = :now where name = :name and holder = :holder"
SET_SWITCH = """
insert into switch (name, value) values (:name, :value) on conflict (name) do update set value = excluded.value"""
SWITCH = "select value from switch where name = :name"
