{#
    dbt makes a table beside the old one and swaps their names in eight statements. Here it is two: one
    makes and fills the new table, the other puts it in its place. Who reads waits for the second alone.
    The views that stand on the old table are made anew on the new one.
#}
{% materialization table, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set fresh = make_intermediate_relation(target) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is not none and not existing.is_table %}
        {{ drop_relation_if_exists(existing) }}
    {% endif %}

    {% call statement('main') %}
        drop table if exists {{ fresh }} cascade;
        {{ get_create_table_as_sql(False, fresh, sql) }}
    {% endcall %}
    {% call statement('swap') %}
        {% for index in config.get('indexes', default=[]) %}
            {{ get_create_index_sql(fresh, index) }};
        {% endfor %}
        do $baton_table$
        {{ keeping_views(target, "drop table if exists " ~ target ~ " cascade; alter table " ~ fresh
            ~ " rename to " ~ target.identifier ~ ";") }}
        $baton_table$;
    {% endcall %}

    {% do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing)) %}
    {% do persist_docs(target, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
