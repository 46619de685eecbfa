-- How much of a draft people rewrote: the distinct words that stand in only one of its first and its
-- newest revision, as a share of all distinct words of both (Jaccard distance).
with drafts as (
    select * from {{ ref('stg_ops__drafts') }}
),

revisions as (
    select * from {{ ref('stg_ops__revisions') }}
),

words as (
    select distinct
        revisions.draft_id,
        revisions.revision = 1 as is_first,
        word.word
    from revisions
    inner join drafts on drafts.draft_id = revisions.draft_id
    cross join
        lateral regexp_split_to_table(
            lower(revisions.subject || ' ' || revisions.body), '\W+'
        ) as word (word)
    where
        drafts.current_revision > 1
        and revisions.revision in (1, drafts.current_revision)
        and word.word <> ''
),

counted as (
    select draft_id, word, count(*) as found_in
    from words
    group by draft_id, word
)

select
    draft_id,
    round(count(*) filter (where found_in = 1) / count(*)::numeric, 4) as words_changed
from counted
group by draft_id
