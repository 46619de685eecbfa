{#
  Bounds of the 95 % Wilson score interval of a rate (E. B. Wilson, 1927), NULL where there is nothing
  to divide by. `side` is '-' for the lower bound and '+' for the upper one.
#}
{% macro wilson(hits, total, side) -%}
    case when {{ total }} > 0 then
        (
            {{ hits }}::numeric / {{ total }} + 1.9208 / {{ total }}
            {{ side }} 1.96 * sqrt(
                (({{ hits }}::numeric * ({{ total }} - {{ hits }})) / {{ total }} + 0.9604)
            ) / {{ total }}
        ) / (1 + 3.8416 / {{ total }})
    end
{%- endmacro %}
