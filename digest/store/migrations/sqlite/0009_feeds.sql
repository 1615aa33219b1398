-- What entered the site's feeds: in this order, once, and for ever. A feed's pages are cut from it.

create table feed (
  name text primary key,
  entered integer not null,
  changed text not null,
  batch integer not null
) strict, without rowid;

create table feed_entry (
  feed text not null references feed (name),
  number integer not null,
  paper_id text not null,
  at text not null,
  edition_id text,
  pick text,
  origin text,
  primary key (feed, number)
) strict, without rowid;

create unique index feed_entry_paper on feed_entry (feed, paper_id);

-- What WebSub hubs were told.

create table told (
  hub text not null,
  feed text not null,
  number integer not null,
  tries integer not null,
  next_try text,
  primary key (hub, feed)
) strict, without rowid;

-- How often a reader gave the own feed another address.

alter table subscriber add column renewals integer not null default 0;

-- What was released before: the picks of each topic's shortest editions, the best of an edition last.

create temporary table released as
select
  feeds.name as feed, edition.id as edition_id, edition.topic_id, edition.start,
  coalesce(edition.released, edition.cut) as at,
  json_extract(pick.value, '$.paper.id') as paper_id, json_extract(pick.value, '$.rank') as place
from edition
join json_each(edition.content, '$.picks') as pick
join (select 'topic' as name union all select 'all') as feeds
where edition.state = 'released'
and edition.kind = case
  when instr(json_extract(edition.content, '$.topic.periods'), 'day') then 'day'
  when instr(json_extract(edition.content, '$.topic.periods'), 'week') then 'week'
  else 'month'
end
and (feeds.name = 'topic' or json_extract(edition.content, '$.topic.owner') is null);

update released set feed = 'topic/' || topic_id where feed = 'topic';

create temporary table first_released as
select *, row_number() over (partition by feed order by at, start, topic_id, place desc) as number from (
  select *, row_number() over (partition by feed, paper_id order by at, start, topic_id) as time from released
) as found
where time = 1;

insert into feed (name, entered, changed, batch)
select feed, count(*), max(at), 0 from first_released group by feed;

insert into feed_entry (feed, number, paper_id, at, edition_id)
select
  feed, number, paper_id,
  strftime('%Y-%m-%dT%H:%M:%SZ', at, '-' || (row_number() over (
    partition by feed, at order by start, topic_id, place) - 1) || ' seconds'),
  edition_id
from first_released;

update feed set batch = (
  select count(*) from first_released where first_released.feed = feed.name and first_released.at = feed.changed
);

drop table first_released;
drop table released;
