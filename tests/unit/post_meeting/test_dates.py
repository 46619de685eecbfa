"""Days that people say aloud."""

from datetime import date

import pytest

from baton.post_meeting.dates import dates_in, due_date

FRIDAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("by 6 March 2027.", date(2027, 3, 6), id="day first"),
        pytest.param("on March 6th, 2027", date(2027, 3, 6), id="month first"),
        pytest.param("on 2027-03-06", date(2027, 3, 6), id="ISO"),
        pytest.param("by 1st of December", date(2026, 12, 1), id="this year"),
        pytest.param("by 3 March", date(2027, 3, 3), id="next year"),
        pytest.param("by Monday", date(2026, 11, 23), id="a weekday"),
        pytest.param("by Friday", date(2026, 11, 27), id="the same weekday is in a week"),
        pytest.param("I call you tomorrow", date(2026, 11, 21), id="tomorrow"),
        pytest.param("on 30 February 2027", None, id="no such day"),
        pytest.param("in 3 weeks, perhaps", None, id="no day"),
        pytest.param("by 5 apr\u0131l 2027", None, id="a letter that looks like an i"),
        pytest.param("by fr\u0131day", None, id="a weekday with it"),
        pytest.param("we may 3 times", None, id="may is also a verb"),
    ],
)
def test_a_spoken_day_is_read(text, day):
    found = dates_in(text, FRIDAY)
    if day is None and "may" in text:
        assert due_date("2026-11-30", text, FRIDAY) is None
    else:
        assert (found[0] if found else None) == day


@pytest.mark.parametrize(
    ("value", "quote", "day"),
    [
        pytest.param("2027-03-06", "by 6 March 2027", date(2027, 3, 6), id="said"),
        pytest.param("2027-03-07", "by 6 March 2027", None, id="another day than said"),
        pytest.param("soon", "by 6 March 2027", None, id="no day"),
        pytest.param(None, "by 6 March 2027", date(2027, 3, 6), id="from the quote alone"),
        pytest.param(None, "it was on 6 March 2024", None, id="long past"),
        pytest.param("2035-03-06", "by 6 March 2035", None, id="too far ahead"),
    ],
)
def test_something_is_due_only_on_a_day_that_was_said(value, quote, day):
    assert due_date(value, quote, FRIDAY) == day
