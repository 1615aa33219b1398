-- To which relay a mail was given whose answer may be lost.
alter table delivery add column relay text collate "C";

-- What waits in the order in which it is claimed: a million mails are due at the same moment.
drop index delivery_open;
create index delivery_waiting on delivery (coalesce(next_try, due), id) where state in ('queued', 'deferred');
create index delivery_leased on delivery (lease_until) where state in ('claimed', 'in_data');

-- A mail under way changes its state twice within a moment: it is entered where it rests.
drop index delivery_slot;
create index delivery_slot on delivery (slot, state) where state not in ('claimed', 'in_data');

-- Nothing asks for it, and each delivery would be entered in it.
drop index delivery_digest;
