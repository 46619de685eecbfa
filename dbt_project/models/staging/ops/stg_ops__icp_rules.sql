with icp_rules as (
    select * from {{ source('ops', 'playbook_icp_rule') }}
),

renamed as (
    select
        -- ids
        subject,
        attribute,

        -- text
        kind,
        match,

        -- numbers
        weight,
        low,
        high,
        points
    from icp_rules
)

select * from renamed
