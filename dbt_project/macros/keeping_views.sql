{#
    A block of PL/pgSQL that runs `statements`, which drop `relation` with all that stands on it and
    put another in its place, and then makes the views that stood there anew as they were. So a build
    of a few models takes no view of the others away. A view that names a column that is gone stays
    away until it is built, as with dbt.
#}
{% macro keeping_views(relation, statements) -%}
declare
    remade text;
    views text[] := array(
        with recursive standing (oid, depth) as (
            select to_regclass('{{ relation }}')::oid, 0
            union
            select rule.ev_class, standing.depth + 1
            from standing
            inner join pg_depend as needed
                on needed.refclassid = 'pg_class'::regclass and needed.refobjid = standing.oid
                    and needed.classid = 'pg_rewrite'::regclass
            inner join pg_rewrite as rule on rule.oid = needed.objid
            where rule.ev_class <> standing.oid
        )
        select format('create view %s as %s', oid::regclass, pg_get_viewdef(oid))
        from standing
        where depth > 0 and exists (select from pg_class as c where c.oid = standing.oid and c.relkind = 'v')
        group by oid
        order by max(depth)
    );
begin
    {{ statements }}
    foreach remade in array views loop
        begin
            execute remade;
        exception when syntax_error_or_access_rule_violation then
            raise notice 'not made anew: %', remade;
        end;
    end loop;
end;
{%- endmacro %}
