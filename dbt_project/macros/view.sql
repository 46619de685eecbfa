{#
    dbt builds a view beside the old one, swaps their names and drops the old one with all that stands
    on it. A DAG that builds one layer would so take away the views of the others until their next
    build. Here a view is replaced in place: what stands on it stays, and it takes one statement where
    the swap takes six. Only where its columns changed, which Postgres refuses to do in place (42P16),
    it is dropped and made anew, and what stood on it too, in the same transaction.
#}
{% materialization view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is not none and not existing.is_view %}
        {{ drop_relation_if_exists(existing) }}
    {% endif %}

    {% call statement('main') %}
        do $baton_view$ begin
            {{ get_replace_view_sql(target, sql) }}
        exception when invalid_table_definition then
            {{ keeping_views(target, "drop view " ~ target ~ " cascade; "
                ~ get_create_view_as_sql(target, sql)) }}
        end $baton_view$;
    {% endcall %}

    {% do apply_grants(target, config.get('grants'), should_revoke=should_revoke(existing)) %}
    {% do persist_docs(target, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
