-- A scored event tells of several candidates. Events of before told of one each.
update events set body = body - 'candidate' - 'full'
    || jsonb_build_object('candidates', jsonb_build_array(
        body -> 'candidate' || jsonb_build_object('full', body -> 'full')))
  where type = 'scored';
update events set body = jsonb_set(body, '{best,full}', 'true') where jsonb_typeof(body -> 'best') = 'object';

-- Which event tells of a candidate.
create table candidates (
  job_id uuid not null references jobs on delete cascade,
  lineage text not null,
  sequence bigint not null,
  primary key (job_id, lineage)
);

insert into candidates (job_id, lineage, sequence)
  select job_id, body #>> '{candidates,0,candidate}', min(sequence) from events where type = 'scored' group by 1, 2;
