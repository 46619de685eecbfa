"""The seeded market: who exists, what they feel, and how they would react."""

from sandbox.market.build import DEFAULT_SEED, build_market
from sandbox.market.model import Market

__all__ = ["DEFAULT_SEED", "Market", "build_market"]
