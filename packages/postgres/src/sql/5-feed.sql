-- Which transaction has written a commit: the feed is read by snapshots, since commits become visible in another order than
-- they are written in. Flushes have one number for all their rows, so the index is small.
alter table journal add column xid xid8 not null default pg_current_xact_id();
create index journal_xid on journal (xid);
