"""Queries about topics, editions, feeds and the editor's desk."""

from __future__ import annotations

from digest.model import FeedEntry, FeedState, Paper, Summary, Told
from digest.store.sql import columns_of, insert, upsert
from digest.store.sql.papers import PICK

# Topics

PUT_TOPIC = upsert("topic", ["id", "owner", "enabled", "definition"], key=["id"])
SITE_TOPICS = "select definition from topic where owner is null order by id"
OWN_TOPICS = "select definition from topic where owner = :owner order by id"
TOPIC = "select definition from topic where id = :id"
TOPIC_IDS = "select id from topic where owner is null order by id"
REMOVE_TOPIC = "delete from topic where id = :id"

# Editions

_EDITION = ("id", "topic_id", "kind", "start", "state", "cut", "as_of", "released", "content")

SAVE_EDITION = f"""{insert("edition", _EDITION)}
on conflict (id) do update set state = excluded.state, cut = excluded.cut, as_of = excluded.as_of,
released = excluded.released, content = excluded.content
where edition.state = 'draft'"""
REMOVE_PICKS = "delete from pick where edition_id = :edition_id"
_CURRENT = "coalesce((select paper_id from alias where id = :paper_id), :paper_id)"
SAVE_PICK = f"""
insert into pick ({columns_of(PICK)})
values ({", ".join(_CURRENT if name == "paper_id" else f":{name}" for name in PICK)}) on conflict do nothing"""
REMOVE_NOTICES = "delete from notice where edition_id = :edition_id"
SAVE_NOTICE = insert("notice", ("edition_id", "topic_id", "kind", "paper_id"))
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
SAVE_FEED = upsert("feed", FeedState.__struct_fields__, key=["name"])
SAVE_FEED_ENTRY = insert("feed_entry", FeedEntry.__struct_fields__)
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
SAVE_TOLD = upsert("told", Told.__struct_fields__, key=["hub", "feed"])
RENEWALS = "select renewals from subscriber where id = :id"
RENEW_FEED = "update subscriber set renewals = renewals + 1 where id = :id"

# The editor's desk

_DESK = ("edition_id", "version", "content")

DESK = "select version, content from desk where edition_id = :edition_id"
SAVE_DESK = f"""{insert("desk", _DESK)}
on conflict (edition_id) do update set version = excluded.version, content = excluded.content
where desk.version = excluded.version - 1"""
BLOCK = """
insert into block (topic_id, paper_id, since) values (:topic_id, :paper_id, :since)
on conflict (topic_id, paper_id) do nothing"""
UNBLOCK = "delete from block where topic_id = :topic_id and paper_id = :paper_id"
BLOCKED = "select paper_id from block where topic_id = :topic_id and since <= :until order by paper_id"

SAVE_SUMMARY = upsert("summary", Summary.__struct_fields__, key=["hash"])
SUMMARIES = f"""
select {columns_of(Summary.__struct_fields__)} from summary
where hash in (select value from json_each(:hashes)) order by hash"""
