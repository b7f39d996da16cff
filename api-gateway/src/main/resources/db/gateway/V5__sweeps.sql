-- What is to be removed from the store, and when. The job may be deleted by then, or never have been made.
-- A gateway claims a row by setting due_at ahead. again_at is when the same is swept once more, for what
-- is stored late.
create table sweeps (
  job_id uuid primary key,
  results boolean not null,
  due_at timestamptz not null,
  again_at timestamptz,
  attempts integer not null default 0
);

create index sweeps_due on sweeps (due_at);
create index jobs_ended on jobs (ended_at) where ended_at is not null;
