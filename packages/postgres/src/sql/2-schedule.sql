create table schedule (
  namespace text collate "C" not null,
  name text collate "C" not null,
  revision integer not null,
  value text not null,
  primary key (namespace, name)
);
