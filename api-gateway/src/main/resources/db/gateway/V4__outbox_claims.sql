-- A gateway claims a row by setting due_at ahead: until then it is the gateway's, and after that anybody's.
alter table outbox
  add column due_at timestamptz not null default clock_timestamp(),
  add column attempts integer not null default 0;

create index outbox_jobs on outbox (job_id, id);
