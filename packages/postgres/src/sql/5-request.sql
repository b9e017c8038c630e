create table request (
  namespace text collate "C" not null,
  key text collate "C" not null,
  fingerprint text not null,
  begun_at bigint not null,
  expires_at bigint not null,
  answer text,
  primary key (namespace, key)
);
create index request_expires_at on request (expires_at);
