create table outcome (
  run bigint not null,
  key text collate "C" not null,
  value text,
  primary key (run, key)
);
