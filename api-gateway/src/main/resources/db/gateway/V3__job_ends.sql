-- When a running job must have ended: its own deadline, or that of the deployment's longest search.
alter table jobs add column ends_by timestamptz;

update jobs set ends_by = coalesce(deadline_at, admitted_at + interval '1 hour') where status = 'running';

create index jobs_ends_by on jobs (ends_by) where status = 'running';
create index jobs_overdue on jobs (deadline_at) where status = 'queued';
