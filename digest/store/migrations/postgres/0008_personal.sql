-- A reader with a topic of one's own is a segment of one, which is found by its reader's id.

drop index subscriber_segment;
create index subscriber_segment on subscriber (cadence, zone, send_hour, id) where topics <> '' and paused = 0;
