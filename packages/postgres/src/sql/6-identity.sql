-- What tells this store from all others. A dump has it too: a place of artifacts belongs to what has this name.
create table identity (value text not null);
insert into identity (value) values (gen_random_uuid()::text);
