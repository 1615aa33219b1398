"""Queries about sources, papers, entries, signals and what was learnt from them."""

from __future__ import annotations

from collections.abc import Sequence

from digest.model import Arrival, Entry, Health, MeterHealth, Paper, Reading, Signal, Source
from digest.store.sql import columns_of, insert, upsert

# Sources

_SOURCE = columns_of(Source.__struct_fields__)

PUT_SOURCE = upsert("source", Source.__struct_fields__, key=["id"])
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

SAVE_PAPER = upsert("paper", (*Paper.__struct_fields__, "fresh_from"), key=["id"])
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

_SIGNAL, PICK = Signal.__struct_fields__, ("edition_id", "topic_id", "kind", "start", "paper_id", "rank", "score")


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
    *_moved("pick", PICK),
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

SAVE_SIGHTING = upsert("entry", _ENTRY, key=["source_id", "external_id"], keep=["first_seen"])
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

SAVE_ARRIVAL = f"""{insert("arrival", Arrival.__struct_fields__)}
on conflict (source_id, category, at) do update set entries = arrival.entries + excluded.entries"""
ARRIVALS = f"""
select {columns_of(Arrival.__struct_fields__)} from arrival where at >= :since order by at, source_id, category"""

# Signals

SAVE_SIGNAL = f"{insert('signal', _SIGNAL)} on conflict (paper_id, kind, source_id, at) do nothing"
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
SAVE_METER = upsert("meter", MeterHealth.__struct_fields__, key=["meter"])

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
