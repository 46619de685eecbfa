-- Stage tables join these dimensions: a second row per lead would multiply all that they count.
select lead_id, count(*) as rows_found
from {{ ref('int_scoring__leads') }}
group by lead_id
having count(*) > 1
