-- Points (0 to 1) of each attribute by the ICP's rules; NULL where the attribute is not known, because
-- what is missing is said and not guessed.
with attributes as (
    select * from {{ ref('int_scoring__attributes') }}
),

rules as (
    select * from {{ ref('stg_ops__icp_rules') }}
),

weights as (
    select
        subject,
        attribute,
        max(weight) as weight,
        max(points) filter (where kind = 'otherwise') as otherwise
    from rules
    group by subject, attribute
),

matched as (
    select
        attributes.subject,
        attributes.subject_key,
        attributes.attribute,
        max(rules.points) as points
    from attributes
    inner join rules
        on
            rules.subject = attributes.subject
            and rules.attribute = attributes.attribute
            and (
                (rules.kind = 'value' and rules.match = attributes.text_value)
                or (rules.kind = 'word' and attributes.text_value ~ ('\m' || rules.match || '\M'))
                or (
                    rules.kind = 'band' and attributes.number_value >= rules.low
                    and (rules.high is null or attributes.number_value < rules.high)
                )
            )
    group by attributes.subject, attributes.subject_key, attributes.attribute
),

joined as (
    select
        attributes.subject,
        attributes.subject_key,
        attributes.attribute,
        attributes.shown_value,
        weights.weight,
        case
            when attributes.shown_value is null then null
            else coalesce(matched.points, weights.otherwise, 0)
        end as points
    from attributes
    inner join weights
        on weights.subject = attributes.subject and weights.attribute = attributes.attribute
    left join matched
        on
            matched.subject = attributes.subject
            and matched.subject_key = attributes.subject_key
            and matched.attribute = attributes.attribute
)

select * from joined
