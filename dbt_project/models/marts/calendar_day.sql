-- Days from 2015 to 2035: MetricFlow's time spine.
select day::date as date_day
from
    generate_series('2015-01-01'::timestamp, '2035-12-31'::timestamp, interval '1 day')
        as days (day)
