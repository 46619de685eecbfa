{{ config(materialized='table', indexes=[{'columns': ['subject_key'], 'unique': true}]) }}

-- Fit from 0 to 100 of every account and every person, with its parts. Missing attributes earn nothing
-- and are named; known_weight says how much of the fit could be judged at all.
with points as (
    select * from {{ ref('int_scoring__attribute_points') }}
),

summed as (
    select
        subject,
        subject_key,
        round(sum(coalesce(points, 0) * weight), 2) as fit,
        coalesce(sum(weight) filter (where points is not null), 0) as known_weight,
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'attribute', attribute, 'value', shown_value,
                    'points', round(points * weight, 2), 'of', weight
                )
                order by points * weight desc, attribute
            ) filter (where points is not null), '[]'
        ) as parts,
        coalesce(
            jsonb_agg(attribute order by attribute) filter (where points is null), '[]'
        ) as missing
    from points
    group by subject, subject_key
)

select * from summed
