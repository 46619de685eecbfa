with contacts as (
    select * from {{ source('ops', 'contact') }}
),

renamed as (
    select
        -- ids
        id as contact_id,
        person_id,
        account_id,
        address_key,
        run_id,

        -- text
        email,
        full_name,
        title,
        seniority,
        country,
        timezone,

        -- booleans
        protected_reason is not null as is_protected,

        -- times
        created_at,
        updated_at
    from contacts
    where {{ is_released('contacts.run_id') }}
)

select * from renamed
