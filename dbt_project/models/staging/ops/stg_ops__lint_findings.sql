with lint_findings as (
    select * from {{ source('ops', 'lint_finding') }}
),

renamed as (
    select
        -- ids
        draft_id,

        -- text
        rule,
        severity,
        detail,

        -- numbers
        revision
    from lint_findings
)

select * from renamed
