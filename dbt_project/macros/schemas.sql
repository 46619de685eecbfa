{# Schemas are named plainly (staging, intermediate, marts, snapshots), whatever the target is. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name if custom_schema_name else target.schema }}
{%- endmacro %}
