"""Every query, once, in the SQL that SQLite (3.39 or later) and PostgreSQL share.

Parameters are named. A list of any length travels as one JSON array, `json_each(:ids)`: SQLite brings this function,
PostgreSQL gets one of the same name and shape by its first migration. No other function of a dialect is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from digest.model import (
    Arrival,
    Bounce,
    Delivery,
    Digest,
    Entry,
    FeedEntry,
    FeedState,
    Health,
    MeterHealth,
    Paper,
    Reading,
    Signal,
    Source,
    Subscriber,
    Subscription,
    Summary,
    Told,
)

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

COOL_HOST = """
insert into host (name, free_at) values (:name, :until)
on conflict (name) do update set free_at = excluded.free_at where excluded.free_at > host.free_at"""
COOLING_HOSTS = "select name, free_at from host where free_at > :now order by name"

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
PAPERS_SINCE = f"select {PAPER_COLUMNS} from paper where first_seen > :moment order by id"
# How far back a search looks: who wants more asks for more words.
SEARCHED = 5000
NEWEST = "select number from paper order by number desc limit :reach"
FIND = f"""
select {PAPER_COLUMNS} from paper where number in ({{which}}){{narrowed}}
order by number desc limit :limit offset :skip"""
NARROWED = {
    "category": """ and exists (
  select 1 from json_each(categories)
  where value = :category or substr(value, 1, length(:category) + 1) = :category || '.'
)""",
    "source": " and exists (select 1 from entry where paper_id = paper.id and source_id = :source)",
    "start": " and fresh_from >= :start",
    "end": " and fresh_from < :end",
    "code": ' and links like \'%"code":"%\'',
}
ALIASED = f"""
select {columns_of(Paper.__struct_fields__, "paper.")}, alias.id as asked from alias join paper on paper.id = paper_id
where alias.id in (select value from json_each(:ids)) order by alias.id"""
FIRST_SIGHT = "select min(first_seen) as first_seen from paper"

SAVE_KEY = "insert into paper_key (key, paper_id) values (:key, :paper_id) on conflict (key) do nothing"
PAPER_IDS = "select key, paper_id from paper_key where key in (select value from json_each(:keys)) order by key"

# Papers that turned out to be another one

_SIGNAL, _PICK = Signal.__struct_fields__, ("edition_id", "topic_id", "kind", "start", "paper_id", "rank", "score")


def _moved(table: str, columns: Sequence[str]) -> tuple[str, str]:
    """Give the old paper's rows of a table to the new one, where it has no such row itself."""
    taken = columns_of([":new" if name == "paper_id" else name for name in columns])
    return (
        f"""
insert into {table} ({columns_of(columns)}) select {taken} from {table} where paper_id = :old
on conflict do nothing""",
        f"delete from {table} where paper_id = :old",
    )


UNITE = (
    "update paper_key set paper_id = :new where paper_id = :old",
    "update entry set paper_id = :new where paper_id = :old",
    *_moved("signal", _SIGNAL),
    *_moved("pick", _PICK),
    *_moved("block", ("topic_id", "paper_id", "since")),
    *_moved("notice", ("edition_id", "topic_id", "kind", "paper_id")),
    "update alias set paper_id = :new where paper_id = :old",
    """
insert into alias (id, paper_id) values (:old, :new)
on conflict (id) do update set paper_id = excluded.paper_id""",
    "delete from paper where id = :old",
)

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
where paper_id in (select value from json_each(:paper_ids)) and first_seen <= :until order by paper_id, source_id"""

ANNOUNCEMENTS = f"""
select {columns_of(_ENTRY)} from entry where paper_id = :paper_id order by first_seen, source_id, external_id"""

SAVE_ARRIVAL = f"""{_insert("arrival", Arrival.__struct_fields__)}
on conflict (source_id, category, at) do update set entries = arrival.entries + excluded.entries"""
ARRIVALS = f"""
select {columns_of(Arrival.__struct_fields__)} from arrival where at >= :since order by at, source_id, category"""

# Signals

SAVE_SIGNAL = f"{_insert('signal', _SIGNAL)} on conflict (paper_id, kind, source_id, at) do nothing"
NUMBERS = """
select paper_id, kind, max(value) as value from signal join (
  select paper_id, kind, source_id, max(at) as at from signal
  where paper_id in (select value from json_each(:paper_ids)) and at <= :at
  group by paper_id, kind, source_id
) as latest using (paper_id, kind, source_id, at)
group by paper_id, kind order by paper_id, kind"""
SERIES = f"""
select {columns_of(Signal.__struct_fields__)} from signal
where paper_id in (select value from json_each(:paper_ids)) and at <= :until order by paper_id, at, kind, source_id"""
DAY_VOTES = """
select source_id, day, value from signal join (
  select paper_id, source_id, max(at) as at, min(substr(fresh_from, 1, 10)) as day
  from signal join paper on paper.id = paper_id
  where fresh_from >= :start and fresh_from < :end and kind = 'upvotes' and at <= :at
  group by paper_id, source_id
) as latest using (paper_id, source_id, at)
where kind = 'upvotes' order by source_id, day, value"""
GROWN = """
select distinct paper_id from (
  select paper_id from signal join paper on paper.id = paper_id
  where fresh_from >= :start and fresh_from < :end and withdrawn = 0 and kind in ('upvotes', 'stars') and at <= :at
  group by paper_id, kind, source_id
  having max(at) > :since and max(value) >= :least and max(value) >= 2 * min(value)
) as doubled order by paper_id"""

# Meters

_READING = columns_of(Reading.__struct_fields__)
_ANNOUNCED = """
select paper_id from entry
where source_id in (select id from source where url is not null) and first_seen >= :start and baseline = 0
and (:only_counted = 0 or exists (
  select 1 from signal where paper_id = entry.paper_id and kind = 'upvotes' and source_id = entry.source_id
))"""
_PICKED_SINCE = """
select paper_id from pick
where edition_id in (select id from edition where start >= :first_day and cut >= :start)"""

# The condition says which papers a service can be asked about.
ENROL = f"""
insert into reading (meter, paper_id, since, next_at)
select :meter, id, :now, :next_at from paper
where id in ({_ANNOUNCED} union {_PICKED_SINCE}) and withdrawn = 0 and {{condition}}
on conflict (meter, paper_id) do nothing"""
ASKABLE = {
    "arxiv": "arxiv_id is not null",
    "id": "(arxiv_id is not null or doi is not null)",
    "code": "links like '%github.com/%'",
}
DUE_READINGS = f"""
select {_READING} from reading
where meter = :meter and next_at is not null and next_at <= :now order by since desc, next_at, paper_id limit :limit"""
SAVE_READING = f"""
update reading set {", ".join(f"{name} = :{name}" for name in Reading.__struct_fields__[3:])}
where meter = :meter and paper_id = :paper_id and since = :since"""
FORGET_READINGS = "delete from reading where meter = :meter and next_at is null and since < :before"
READING_TALLIES = """
select meter, count(next_at) as watched, count(case when next_at <= :now then 1 end) as due from reading
group by meter order by meter"""
METERS = f"select {columns_of(MeterHealth.__struct_fields__)} from meter order by meter"
SAVE_METER = _upsert("meter", MeterHealth.__struct_fields__, key=["meter"])

# Terms

COUNT_TERM = """
insert into term (term, papers) values (:term, :papers)
on conflict (term) do update set papers = term.papers + excluded.papers"""
COUNT_CORPUS = "update corpus set papers = papers + :papers, tokens = tokens + :tokens"
FREQUENCIES = """
select term, papers from term where papers > 0 and term in (select value from json_each(:terms)) order by term"""
CORPUS = "select papers, tokens from corpus"
LEAVE_UNCOUNTED = "insert into uncounted (paper_id) values (:paper_id) on conflict (paper_id) do nothing"
UNCOUNTED = f"""
select {PAPER_COLUMNS} from paper where id in (select paper_id from uncounted order by paper_id limit :limit)
order by id"""
UNCOUNTED_OF = "select paper_id from uncounted where paper_id in (select value from json_each(:paper_ids))"
FORGET_UNCOUNTED = "delete from uncounted where paper_id in (select value from json_each(:paper_ids))"

# What was learnt from the papers

NEWEST_PAPERS = f"""
select {PAPER_COLUMNS} from (
  select * from paper where first_seen <= :until and withdrawn = 0 order by fresh_from desc, id limit :limit
) as newest order by id"""
# Of a paper that is gone meanwhile nothing is kept.
SAVE_VECTOR = """
insert into vector (paper_id, model, text, place) select id, :model, :text, :place from paper where id = :paper_id
on conflict (paper_id) do update set model = excluded.model, text = excluded.text, place = excluded.place"""
VECTORS = """
select paper_id, text, place from vector
where model = :model and paper_id in (select value from json_each(:paper_ids)) order by paper_id"""
# Two ranges of the index, as no index answers `<>`.
FORGET_VECTORS = "delete from vector where model < :model or model > :model"
SAVE_SPACE = """
insert into space (fitted, papers, content) values (:fitted, :papers, :content)
on conflict (fitted) do update set papers = excluded.papers, content = excluded.content"""
FORGET_SPACES = "delete from space where fitted not in (select fitted from space order by fitted desc limit 8)"
SPACE = "select fitted, papers, content from space where fitted <= :at order by fitted desc limit 1"
FIRST_SPACE = "select fitted, papers, content from space order by fitted limit 1"
SPACE_FITTED = "select fitted, papers from space order by fitted desc limit 1"

# Topics

PUT_TOPIC = _upsert("topic", ["id", "owner", "enabled", "definition"], key=["id"])
SITE_TOPICS = "select definition from topic where owner is null order by id"
OWN_TOPICS = "select definition from topic where owner = :owner order by id"
TOPIC = "select definition from topic where id = :id"
TOPIC_IDS = "select id from topic where owner is null order by id"
REMOVE_TOPIC = "delete from topic where id = :id"

# Editions

_EDITION = ("id", "topic_id", "kind", "start", "state", "cut", "as_of", "released", "content")

SAVE_EDITION = f"""{_insert("edition", _EDITION)}
on conflict (id) do update set state = excluded.state, cut = excluded.cut, as_of = excluded.as_of,
released = excluded.released, content = excluded.content
where edition.state = 'draft'"""
REMOVE_PICKS = "delete from pick where edition_id = :edition_id"
_CURRENT = "coalesce((select paper_id from alias where id = :paper_id), :paper_id)"
SAVE_PICK = f"""
insert into pick ({columns_of(_PICK)})
values ({", ".join(_CURRENT if name == "paper_id" else f":{name}" for name in _PICK)}) on conflict do nothing"""
REMOVE_NOTICES = "delete from notice where edition_id = :edition_id"
SAVE_NOTICE = _insert("notice", ("edition_id", "topic_id", "kind", "paper_id"))
# A cross join keeps SQLite from reading all picks: withdrawn papers are few.
WITHDRAWALS = f"""
select topic_id, kind, start, {columns_of(Paper.__struct_fields__, "paper.")} from paper
cross join pick
where paper.withdrawn = 1 and pick.paper_id = paper.id and kind = :kind
and exists (
  select 1 from edition where id = edition_id and state = 'released' and edition_id <> pick.topic_id || :apart_from
)
and not exists (
  select 1 from notice
  where notice.topic_id = pick.topic_id and notice.kind = pick.kind and notice.paper_id = pick.paper_id
  and notice.edition_id <> pick.topic_id || :apart_from
)
order by topic_id, start desc, paper.id"""
EDITION = "select content from edition where id = :id"
EDITIONS = "select content from edition{where} order by start desc, topic_id, id limit :limit"
RELEASED_SINCE = """
select id, start, content from edition
where topic_id = :topic_id and kind = :kind and start >= :since and state = 'released' order by start desc, id"""
EDITIONS_OF = """
select edition_id from pick join edition on edition.id = edition_id
where paper_id = :paper_id and state = 'released' order by pick.start desc, edition_id"""
SIZES = """
select edition_id, max(rank) as size from pick where topic_id = :topic_id group by edition_id order by edition_id"""
RELEASES = "select id, coalesce(released, cut) as released from edition where state = 'released' order by id"
SHOWN_PAPERS = """
select pick.paper_id, max(coalesce(edition.released, edition.cut)) as released
from pick join edition on edition.id = pick.edition_id join topic on topic.id = pick.topic_id
where edition.state = 'released' and topic.owner is null and topic.enabled = 1
group by pick.paper_id order by pick.paper_id"""
PERIODS = "select kind, start from edition where topic_id = :topic_id"
PAST_TOPICS = """
select distinct topic_id from edition
where state = 'released' and topic_id not in (select id from topic) order by topic_id"""
# Few papers, each in few topics: by paper it is quick however many topics there are.
HAD = """
select distinct topic_id, paper_id from pick
where paper_id in (select value from json_each(:papers)) and topic_id in (select value from json_each(:topics))
and kind = :kind and start < :before and start >= :since and edition_id <> topic_id || :apart_from"""
FROZEN = "select id from edition where state = 'released' and id in (select value from json_each(:ids))"
_OF_TOPIC = "select 1 from edition where topic_id = topic.id and kind = :kind"
DUE_PERSONAL = f"""
select definition from topic
join subscriber on subscriber.id = owner
join subscription on subscription.subscriber_id = owner and subscription.topic_id = topic.id
where subscription.state = 'active' and topic.enabled = 1 and cadence = :cadence
and not exists ({_OF_TOPIC} and start = :start)
and (:begun = 0 or exists ({_OF_TOPIC} and start < :start))
order by topic.id"""
FORGET_TOPIC = (
    "delete from notice where topic_id = :id",
    "delete from edition where topic_id = :id",
    "delete from block where topic_id = :id",
    "delete from feed_entry where feed = :feed",
    "delete from feed where name = :feed",
    "delete from topic where id = :id",
)
PICKED = """
select distinct paper_id from pick
where topic_id = :topic_id and kind = :kind and start < :before and start >= :since and edition_id <> :apart_from"""

# Feeds

_FEED_ENTRY = columns_of(FeedEntry.__struct_fields__)

FEEDS = f"select {columns_of(FeedState.__struct_fields__)} from feed order by name"
FEEDS_NAMED = f"""
select {columns_of(FeedState.__struct_fields__)} from feed
where name in (select value from json_each(:names)) order by name"""
SAVE_FEED = _upsert("feed", FeedState.__struct_fields__, key=["name"])
SAVE_FEED_ENTRY = _insert("feed_entry", FeedEntry.__struct_fields__)
ENTERED = """
select paper_id, coalesce((select paper_id from alias where id = feed_entry.paper_id), paper_id) as current
from feed_entry
where feed = :feed and paper_id in (
  select value from json_each(:ids)
  union select id from alias where paper_id in (select value from json_each(:ids))
)
union
select paper_id, id as current from alias
where id in (select value from json_each(:ids))
and exists (select 1 from feed_entry where feed = :feed and feed_entry.paper_id = alias.paper_id)"""
ORIGINS = """
select paper_id, name, url, entry.first_seen as seen from entry join source on source.id = source_id
where paper_id in (select value from json_each(:ids)) and url is not null and entry.first_seen <= :seen_by
order by entry.first_seen, source_id"""
FEED_ENTRIES = f"""
select {_FEED_ENTRY} from feed_entry where feed = :feed and number > :after and number <= :until order by number"""
ENTERED_BY = "select coalesce(max(number), 0) as entered from feed_entry where feed = :feed and at <= :at"
NEWEST_ENTRIES = f"""
select {_FEED_ENTRY} from feed join feed_entry on feed = name and number > entered - :limit
where name in (select value from json_each(:feeds)) order by at desc, feed, number desc"""
FEED_DAYS = """
select distinct substr(at, 1, 10) as day from feed join feed_entry on feed = name and number > entered - :limit
where name = :feed order by day"""
NEWEST_PERIODS = """
select topic_id, kind, max(start) as start from edition where state = 'released'
group by topic_id, kind order by topic_id, kind"""
EDITIONS_NAMED = "select id, content from edition where id in (select value from json_each(:ids)) order by id"
TOLD = f"select {columns_of(Told.__struct_fields__)} from told where hub = :hub order by feed"
SAVE_TOLD = _upsert("told", Told.__struct_fields__, key=["hub", "feed"])

# The editor's desk

_DESK = ("edition_id", "version", "content")

DESK = "select version, content from desk where edition_id = :edition_id"
SAVE_DESK = f"""{_insert("desk", _DESK)}
on conflict (edition_id) do update set version = excluded.version, content = excluded.content
where desk.version = excluded.version - 1"""
BLOCK = """
insert into block (topic_id, paper_id, since) values (:topic_id, :paper_id, :since)
on conflict (topic_id, paper_id) do nothing"""
UNBLOCK = "delete from block where topic_id = :topic_id and paper_id = :paper_id"
BLOCKED = "select paper_id from block where topic_id = :topic_id and since <= :until order by paper_id"

SAVE_SUMMARY = _upsert("summary", Summary.__struct_fields__, key=["hash"])
SUMMARIES = f"""
select {columns_of(Summary.__struct_fields__)} from summary
where hash in (select value from json_each(:hashes)) order by hash"""

# Readers

_SUBSCRIBER = columns_of(Subscriber.__struct_fields__)

SAVE_SUBSCRIBER = _upsert("subscriber", (*Subscriber.__struct_fields__, "address_key"), key=["id"], keep=["renewals"])
SUBSCRIBER = f"select {_SUBSCRIBER} from subscriber where id = :id"
SUBSCRIBERS_NAMED = f"select {_SUBSCRIBER} from subscriber where id in (select value from json_each(:ids)) order by id"
SUBSCRIBER_BY_KEY = f"select {_SUBSCRIBER} from subscriber where address_key = :address_key"
SUBSCRIBERS = f"select {_SUBSCRIBER} from subscriber order by id"

RENEW_FEED = "update subscriber set renewals = renewals + 1 where id = :id"
RENEWALS = "select renewals from subscriber where id = :id"

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
# What the index of slots holds; who asks says so, as a query planner does not see that it follows.
_AT_REST = "state not in ('claimed', 'in_data')"

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
LEASES = "select name from lease where name like :names and until > :now order by name"
SET_SWITCH = """
insert into switch (name, value) values (:name, :value) on conflict (name) do update set value = excluded.value"""
SWITCH = "select value from switch where name = :name"
