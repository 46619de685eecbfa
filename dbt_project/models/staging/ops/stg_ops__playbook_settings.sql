with settings as (
    select * from {{ source('ops', 'playbook_setting') }}
),

sync as (
    select * from {{ source('ops', 'playbook_sync') }}
),

renamed as (
    select
        -- text
{% for name in ['icp_version', 'model_version', 'sequence', 'experiment', 'segment_otherwise'] %}
        max(text) filter (where name = '{{ name }}') as {{ name }},
{% endfor %}
        (select max(icp_hash) from sync) as icp_hash,

        -- numbers
{% for name in [
    'minimum_population', 'default_cut_1', 'default_cut_2', 'default_cut_3', 'base_rate',
    'odds_per_10_fit', 'odds_per_10_person', 'odds_per_10_intent', 'intent_counts_up_to',
    'lookback_days', 'minimum_fit', 'minimum_intent', 'minimum_score', 'contacts_per_account',
    'colleague_share', 'due_hours_1', 'due_hours_2', 'due_hours_3', 'due_hours_4'
] %}
        max(number) filter (where name = '{{ name }}') as {{ name }}{{ ',' if not loop.last }}
{% endfor %}
    from settings
)

select * from renamed
