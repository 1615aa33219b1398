-- Text that is an instant reads 2026-11-21T05:00:00Z, a day 2026-11-21; lists and structures are JSON; flags are 0 or 1.

-- Sources and what they announce

create table source (
  id text primary key,
  kind text not null,
  name text not null,
  url text,
  rights text not null check (rights in ('full', 'excerpt', 'link')),
  enabled integer not null check (enabled in (0, 1)),
  state text check (state in ('fresh', 'waiting', 'quiet', 'stalled', 'failed')),
  state_since text,
  last_error text,
  failing_since text,
  last_poll text,
  next_poll text,
  validators text not null default '{}'
) strict;

create table paper (
  -- The full-text index points here: VACUUM may renumber a hidden rowid, never a declared one.
  number integer primary key,
  id text not null unique,
  title text not null,
  first_seen text not null,
  abstract text,
  authors text not null,
  categories text not null,
  links text not null,
  arxiv_id text,
  doi text,
  version integer,
  submitted text,
  announced text,
  listed text,
  rights text not null check (rights in ('full', 'excerpt', 'link')),
  withdrawn integer not null check (withdrawn in (0, 1)),
  fresh_from text not null
) strict;

create index paper_fresh on paper (fresh_from, first_seen);
create index paper_seen on paper (first_seen);

create table paper_key (
  key text primary key,
  paper_id text not null references paper (id)
) strict, without rowid;

create index paper_key_paper on paper_key (paper_id);

-- Entries and signals keep the plain name of their source, so that they outlive it.
create table entry (
  source_id text not null,
  external_id text not null,
  paper_id text not null references paper (id),
  first_seen text not null,
  title text not null,
  abstract text,
  authors text not null,
  categories text not null,
  links text not null,
  arxiv_id text,
  doi text,
  version integer,
  announce_type text check (announce_type in ('new', 'cross', 'replace', 'replace-cross')),
  submitted text,
  announced text,
  listed text,
  place text,
  raw_title text,
  raw_abstract text,
  signals text not null,
  primary key (source_id, external_id)
) strict;

create index entry_paper on entry (paper_id, source_id);
create index entry_seen on entry (source_id, first_seen);

create table signal (
  paper_id text not null references paper (id),
  kind text not null check (kind in ('upvotes', 'comments', 'stars', 'citations', 'mentions', 'reader_votes')),
  source_id text not null,
  at text not null,
  value integer not null,
  primary key (paper_id, kind, source_id, at)
) strict, without rowid;

-- Words: how many papers hold a term, and how much text there is in all

create table term (
  term text primary key,
  papers integer not null
) strict, without rowid;

create table corpus (
  one integer primary key check (one = 1),
  papers integer not null,
  tokens integer not null
) strict;

insert into corpus (one, papers, tokens) values (1, 0, 0);

-- Spelled so that sqlite-utils and Datasette find it.
create virtual table paper_fts using fts5 (
  title, abstract, content="paper", content_rowid="number", tokenize="porter unicode61 remove_diacritics 2"
);

create trigger paper_inserted after insert on paper begin
  insert into paper_fts (rowid, title, abstract) values (new.number, new.title, new.abstract);
end;

create trigger paper_deleted after delete on paper begin
  insert into paper_fts (paper_fts, rowid, title, abstract) values ('delete', old.number, old.title, old.abstract);
end;

-- Only new text is indexed anew: a later listing date must not cost as much as a new paper.
create trigger paper_updated after update on paper
when old.number is not new.number or old.title is not new.title or old.abstract is not new.abstract begin
  insert into paper_fts (paper_fts, rowid, title, abstract) values ('delete', old.number, old.title, old.abstract);
  insert into paper_fts (rowid, title, abstract) values (new.number, new.title, new.abstract);
end;

-- Readers

create table subscriber (
  id text primary key,
  address text not null,
  address_key text not null unique,
  cadence text not null check (cadence in ('daily', 'weekly', 'monthly')),
  zone text not null,
  send_hour integer not null check (send_hour between 0 and 23),
  language text not null,
  layout text not null,
  paused integer not null check (paused in (0, 1)),
  created text not null,
  -- Kept with the subscriptions: the active topics (JSON, sorted; '' for none), the due moment that the last digest
  -- covers (at first: activation), and the label of the last slot in the books.
  topics text not null default '',
  covered text,
  planned text
) strict;

create index subscriber_segment on subscriber (cadence, zone, send_hour) where topics <> '' and paused = 0;

create table topic (
  id text primary key,
  owner text references subscriber (id) on delete cascade,
  enabled integer not null check (enabled in (0, 1)),
  definition text not null
) strict;

create index topic_owner on topic (owner, id);

-- No foreign key to topic: a topic that is removed by mistake and put back finds its readers again.
create table subscription (
  subscriber_id text not null references subscriber (id) on delete cascade,
  topic_id text not null,
  state text not null check (state in ('pending', 'active', 'ended')),
  since text not null,
  evidence text,
  primary key (subscriber_id, topic_id)
) strict, without rowid;

create index subscription_topic on subscription (topic_id, state);

-- Editions: the archive, which outlives topics and papers

create table edition (
  id text primary key,
  topic_id text not null,
  kind text not null check (kind in ('day', 'week', 'month')),
  start text not null,
  state text not null check (state in ('draft', 'released')),
  cut text not null,
  as_of text not null,
  released text,
  content text not null
) strict;

create index edition_start on edition (start desc, topic_id, id);
create index edition_topic on edition (topic_id, kind, start);

create table pick (
  edition_id text not null references edition (id) on delete cascade,
  topic_id text not null,
  kind text not null,
  start text not null,
  paper_id text not null,
  rank integer not null,
  score real not null,
  primary key (edition_id, paper_id)
) strict, without rowid;

create index pick_topic on pick (topic_id, kind, start, paper_id);

-- Mail: the books, which outlive subscribers

create table digest (
  id text primary key,
  slot text not null,
  language text not null,
  layout text not null,
  edition_ids text not null,
  unique (slot, language, layout, edition_ids)
) strict;

create table delivery (
  id text primary key,
  subscriber_id text not null,
  slot text not null,
  digest_id text references digest (id),
  state text not null check (state in (
    'queued', 'claimed', 'in_data', 'deferred', 'sent', 'refused', 'parked', 'suppressed', 'cancelled', 'skipped'
  )),
  due text not null,
  attempts integer not null default 0,
  uncertain integer not null default 0,
  next_try text,
  lease_until text,
  fence integer not null default 0,
  message_id text,
  reply text,
  changed text,
  unique (subscriber_id, slot)
) strict;

create index delivery_slot on delivery (slot, state);
create index delivery_digest on delivery (digest_id);
create index delivery_open on delivery (coalesce(next_try, due))
where state in ('queued', 'claimed', 'in_data', 'deferred');

create table bounce (
  delivery_id text references delivery (id),
  subscriber_id text,
  kind text not null check (kind in ('hard', 'soft', 'complaint')),
  at text not null,
  status text,
  detail text
) strict;

-- A mailbox that is read twice gives the same reports twice.
create unique index bounce_once on bounce (
  coalesce(delivery_id, ''), coalesce(subscriber_id, ''), kind, at, coalesce(status, '')
);
create index bounce_delivery on bounce (delivery_id);
create index bounce_subscriber on bounce (subscriber_id, at);

create table suppression (
  address_hash text primary key,
  reason text not null check (reason in ('left', 'hard', 'complaint', 'erased')),
  since text not null
) strict, without rowid;

-- Who may do what only one may do at a time, and switches that all must see

create table lease (
  name text primary key,
  holder text not null,
  fence integer not null,
  until text not null
) strict, without rowid;

create table switch (
  name text primary key,
  value text not null
) strict, without rowid;
