-- A strategy is one object with its parameters. Jobs of before had these beside its name.
create function pg_temp.tagged(settings jsonb) returns jsonb language sql as $$
  select case when jsonb_typeof(settings -> 'strategy') = 'string'
    then settings || jsonb_build_object('strategy', jsonb_strip_nulls(jsonb_build_object(
      'type', settings -> 'strategy', 'images', settings -> 'images',
      'width', settings -> 'width', 'branches', settings -> 'branches')))
    else settings end
$$;

update jobs set spec = jsonb_set(spec, '{settings}', pg_temp.tagged(spec -> 'settings'));
update jobs set request = request || jsonb_build_object('strategy', spec #> '{settings,strategy}');
update jobs set result = jsonb_set(result, '{settings}', pg_temp.tagged(result -> 'settings'))
  where result is not null;
update events set body = jsonb_set(body, '{result,settings}', pg_temp.tagged(body #> '{result,settings}'))
  where body #> '{result,settings}' is not null;

-- The parameters keep their order in json, not in jsonb, and the tree has them in this order.
alter table jobs alter column request type json, alter column spec type json,
  alter column result type json;
