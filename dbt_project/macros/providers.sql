{#
  Mailbox providers that tell a sender's provider about complaints (feedback loops in ARF, RFC 5965):
  Yahoo and AOL, Microsoft's consumer domains, Comcast. Gmail and company domains report none, so no
  complaint there means nothing.
#}
{% macro complaint_reporting_domains() -%}
    '^(yahoo|ymail|rocketmail|aol|hotmail|outlook|live|msn|comcast)\.[a-z.]+$'
{%- endmacro %}
