{#
  A company's name for comparing: lower case, without accents, punctuation and the legal form at the
  end. "Kiefern Works GmbH" and "KIEFERN WORKS" give the same. Python's counterpart is
  baton.signals.text.company_key.
#}
{% macro company_key(name) -%}
    nullif(trim(regexp_replace(
        regexp_replace(
            regexp_replace(normalize(lower({{ name }}), nfkd), '[\u0300-\u036f.]', '', 'g'),
            '[^[:alnum:]]+', ' ', 'g'
        ),
        '( (gmbh|ag|kg|kgaa|ug|se|ltd|limited|llp|plc|llc|inc|incorporated|corp|corporation|co'
        || '|company|bv|nv|ab|as|asa|aps|oy|oyj|sa|sas|sarl|srl|spa|sl|slu|pty))+ ?$', '', 'g'
    )), '')
{%- endmacro %}
