{#
  The latest version of each landed record: by the source's own time of change where it gives one, then
  by arrival.
#}
{% macro latest_version(relation) -%}
    select distinct on (source, natural_key) *
    from {{ relation }}
    order by
        source, natural_key, coalesce(source_updated_at, received_at) desc, received_at desc, ctid desc
{%- endmacro %}

{# One key for a landed record, whatever its source. #}
{% macro record_key(source, natural_key) -%}
    {{ source }} || ':' || {{ natural_key }}
{%- endmacro %}

{# Only rows that a gate let pass: those of released runs, and those that no run made. #}
{% macro is_released(run_id) -%}
    ({{ run_id }} is null or exists (
        select from {{ source('ops', 'released_run') }} as released where released.id = {{ run_id }}
    ))
{%- endmacro %}
