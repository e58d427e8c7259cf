-- Worlds move from one nexus to another as they are; a nexus that is drained gets none until it is started again.
alter table spawn add column is_moving boolean not null default false;
alter table nexus add column is_draining boolean not null default false;
