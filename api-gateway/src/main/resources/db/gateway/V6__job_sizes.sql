-- How much a search computes: the token-forwards of its plan in images of its generator, rounded up. Jobs of
-- before count as one image.
alter table jobs add column size bigint not null default 1;
