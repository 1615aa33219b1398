-- What entered the site's feeds: in this order, once, and for ever. A feed's pages are cut from it.

create table feed (
  name text collate "C" primary key,
  entered bigint not null,
  changed text collate "C" not null,
  batch bigint not null
);

create table feed_entry (
  feed text collate "C" not null references feed (name),
  number bigint not null,
  paper_id text collate "C" not null,
  at text collate "C" not null,
  edition_id text collate "C",
  pick text collate "C",
  origin text collate "C",
  primary key (feed, number)
);

create unique index feed_entry_paper on feed_entry (feed, paper_id);

-- What WebSub hubs were told.

create table told (
  hub text collate "C" not null,
  feed text collate "C" not null,
  number bigint not null,
  tries bigint not null,
  next_try text collate "C",
  primary key (hub, feed)
);

-- How often a reader gave the own feed another address.

alter table subscriber add column renewals bigint not null default 0;

-- What was released before: the picks of each topic's shortest editions, the best of an edition last.

create temporary table released on commit drop as
select
  case feeds.name when 'topic' then 'topic/' || edition.topic_id else feeds.name end collate "C" as feed,
  edition.id as edition_id, edition.topic_id, edition.start, coalesce(edition.released, edition.cut) as at,
  (pick.value -> 'paper' ->> 'id') collate "C" as paper_id, (pick.value ->> 'rank')::bigint as place
from edition
cross join lateral json_array_elements(edition.content::json -> 'picks') as pick
cross join (values ('topic'), ('all')) as feeds (name)
where edition.state = 'released'
and edition.kind = case
  when strpos(edition.content::json -> 'topic' ->> 'periods', 'day') > 0 then 'day'
  when strpos(edition.content::json -> 'topic' ->> 'periods', 'week') > 0 then 'week'
  else 'month'
end
and (feeds.name = 'topic' or edition.content::json -> 'topic' ->> 'owner' is null);

create temporary table first_released on commit drop as
select *, row_number() over (partition by feed order by at, start, topic_id, place desc) as number from (
  select *, row_number() over (partition by feed, paper_id order by at, start, topic_id) as time from released
) as found
where time = 1;

insert into feed (name, entered, changed, batch)
select feed, count(*), max(at), 0 from first_released group by feed;

insert into feed_entry (feed, number, paper_id, at, edition_id)
select
  feed, number, paper_id,
  to_char(
    (at::timestamptz at time zone 'UTC') - make_interval(secs => row_number() over (
      partition by feed, at order by start, topic_id, place) - 1),
    'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  edition_id
from first_released;

update feed set batch = (
  select count(*) from first_released where first_released.feed = feed.name and first_released.at = feed.changed
);
