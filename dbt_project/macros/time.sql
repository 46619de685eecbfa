{#
  The moment as of which everything is computed: the end of the run's interval, which Baton hands over
  as a session setting (a dbt variable would make dbt parse the whole project anew); otherwise the one
  clock, ops.now().
#}
{% macro as_of() -%}
    coalesce(nullif(current_setting('baton.as_of', true), '')::timestamptz, ops.now())
{%- endmacro %}

{# What is left of a fresh signal's weight: half of it after each half-life. Ages below 0 count as 0. #}
{% macro decayed(weight, occurred_at, half_life_days, at) -%}
    ({{ weight }} * power(
        0.5,
        greatest(extract(epoch from {{ at }} - {{ occurred_at }}), 0) / 86400.0 / {{ half_life_days }}
    ))
{%- endmacro %}

{# Hours between two times, or NULL. #}
{% macro hours_between(earlier, later) -%}
    (extract(epoch from {{ later }} - {{ earlier }}) / 3600.0)::double precision
{%- endmacro %}

{# Hours until something happened; infinity while it has not: an unfinished unit is never dropped. #}
{% macro hours_until(earlier, later) -%}
    coalesce({{ hours_between(earlier, later) }}, 'infinity'::double precision)
{%- endmacro %}
