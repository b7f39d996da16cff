-- Jobs wait here, not in Kafka: order, priority and the number of searches that run are decided here.
create table jobs (
  id uuid primary key,
  tenant text not null default 'default',
  priority integer not null default 0,
  status text not null default 'queued'
    check (status in ('queued', 'running', 'found', 'cancelled', 'expired', 'failed')),
  request jsonb not null,
  spec jsonb not null,
  idempotency_key text,
  body_digest text not null,
  created_at timestamptz not null,
  admitted_at timestamptz,
  ended_at timestamptz,
  deadline_at timestamptz,
  cancel_requested boolean not null default false,
  result jsonb,
  reason text not null default '',
  swept_at timestamptz,
  constraint jobs_idempotency unique (tenant, idempotency_key)
);

create index jobs_queue on jobs (priority desc, created_at, id) where status = 'queued';
create index jobs_running on jobs (id) where status = 'running';
create index jobs_newest on jobs (tenant, created_at desc, id desc);
create index jobs_newest_by_status on jobs (tenant, status, created_at desc, id desc);
create index jobs_unswept on jobs (ended_at) where ended_at is not null and swept_at is null;

-- What a search told, numbered from 0 without a gap. stored_at says how long a gap may still be filled.
create table events (
  job_id uuid not null references jobs on delete cascade,
  sequence bigint not null,
  type text not null generated always as (body ->> 'type') stored,
  at timestamptz not null,
  body jsonb not null,
  stored_at timestamptz not null default clock_timestamp(),
  primary key (job_id, sequence)
);

-- Records that Kafka has not acknowledged yet. A row is written in the transaction that decides on it.
create table outbox (
  id bigserial primary key,
  job_id uuid not null,
  topic text not null,
  key text not null,
  payload bytea not null
);
