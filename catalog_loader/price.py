"""What a load's pictures cost at outside sources: said before anything is bought, and asked about when it is much."""

from collections.abc import Callable
from dataclasses import dataclass

from catalog_loader.errors import LoadRefused


@dataclass(frozen=True, slots=True)
class PriceGate:
    """Lets a load begin. per_picture, ask_above: US dollars. yes: agreed beforehand.

    say: shows a line. ask: puts a question to whoever sits there; None where nobody does.
    """

    per_picture: float
    ask_above: float
    yes: bool
    say: Callable[[str], None]
    ask: Callable[[str], bool] | None = None

    def passed(self, pictures: int) -> None:
        """Say what so many pictures cost at most. Raises LoadRefused when it is too much and nobody agrees."""
        price = self.per_picture * pictures
        if price <= 0:
            return
        costs = f"Outside sources are asked about up to {pictures:,} pictures: {_usd(price)} US dollars at list prices."
        self.say(costs)
        if price <= self.ask_above or self.yes or (self.ask is not None and self.ask("Go on?")):
            return
        raise LoadRefused(
            f"The pictures would cost up to {_usd(price)} US dollars; {_usd(self.ask_above)} may be spent unasked.",
            fix="Agree with --yes, raise AKIN_LOADER_ASK_ABOVE_USD, or load with AKIN_ANALYZERS=local (and another"
            " AKIN_EMBEDDER than vertex).",
        )


def _usd(price: float) -> str:
    return f"{price:,.2f}" if price >= 0.01 or price == 0 else f"{price:.4f}"
