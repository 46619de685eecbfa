{#
  Splits an amount by weights that sum to 1 within `part`, so that the parts sum to the amount exactly.
  Every part is cut to the cent; the cents that are left go, one each, to the parts that lost most by
  the cut (largest remainder, Hamilton's method), then in the order given. What is below a cent, where
  an amount has more than two decimals, goes to the first.
  `raw` is amount * weight, `base` is credit_base() of it.
#}
{% macro credit_base(raw) -%}
    trunc({{ raw }}, 2)
{%- endmacro %}

{% macro credit_split(amount, base, raw, part, order) -%}
    {{ base }}
    + case
        when row_number() over (partition by {{ part }} order by {{ raw }} - {{ base }} desc, {{ order }})
            <= floor(({{ amount }} - sum({{ base }}) over (partition by {{ part }})) * 100)
            then 0.01
        else 0
    end
    + case
        when row_number() over (partition by {{ part }} order by {{ order }}) = 1
            then mod({{ amount }} - sum({{ base }}) over (partition by {{ part }}), 0.01)
        else 0
    end
{%- endmacro %}
