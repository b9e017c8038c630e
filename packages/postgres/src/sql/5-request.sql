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

create function forget_requests(_before bigint) returns bigint language plpgsql
{settings}
as $$
declare
  _forgotten bigint;
begin
  delete from request where expires_at < _before;
  get diagnostics _forgotten = row_count;
  return _forgotten;
end $$;
