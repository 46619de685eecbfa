{%- set texts = ['icp_version', 'model_version', 'sequence', 'experiment', 'segment_otherwise'] -%}
{%- set numbers = [
    'minimum_population', 'default_cut_1', 'default_cut_2', 'default_cut_3', 'base_rate',
    'odds_per_10_fit', 'odds_per_10_person', 'odds_per_10_intent', 'intent_counts_up_to',
    'lookback_days', 'minimum_fit', 'minimum_intent', 'minimum_score', 'contacts_per_account',
    'colleague_share', 'due_hours_1', 'due_hours_2', 'due_hours_3', 'due_hours_4'
] -%}

with settings as (
    select * from {{ source('ops', 'playbook_setting') }}
),

sync as (
    select max(icp_hash) as icp_hash from {{ source('ops', 'playbook_sync') }}
),

-- One row, whether the playbook was synced already or not.
pivoted as (
    select
        {% for name in texts %}
            max(settings.text) filter (where settings.name = '{{ name }}') as {{ name }},
        {% endfor %}
        {% for name in numbers %}
            max(settings.number) filter (where settings.name = '{{ name }}') as {{ name }},
        {% endfor %}
        count(*) as settings_found
    from settings
)

select
    pivoted.*,
    sync.icp_hash
from pivoted
cross join sync
