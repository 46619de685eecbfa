"""What a model's words cost, by the price list in `voices/house.yml`."""

import logging
from collections.abc import Callable

from baton.playbook.voices import House
from baton.writing.generation import OFFLINE, Price

log = logging.getLogger(__name__)


def price_list(house: House) -> Callable[[str], Price]:
    """Return the function that says what a model costs; one that is not listed costs nothing.

    That it is not listed is said in the log, once per run.
    """
    budget = house.budget
    said: set[str] = set()

    def price(model: str) -> Price:
        listed = budget.model_prices.get(model)
        if listed is not None:
            return Price(listed.input, listed.output, budget.currency)
        if model != OFFLINE and model not in said:
            said.add(model)
            log.warning("The model %s has no price in voices/house.yml; it counts as free.", model)
        return Price(currency=budget.currency)

    return price
