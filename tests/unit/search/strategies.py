"""Hypothesis strategies for what the ranking rooms take."""

from dataclasses import fields

from hypothesis import strategies as st

from app.catalog import Candidate, Channel
from app.search import Closeness, Question

unit = st.floats(0.0, 1.0, allow_nan=False, width=32)
cosine = st.floats(-1.0, 1.0, allow_nan=False, width=32)
product_ids = st.text("abcdefghij0123456789-é", min_size=1, max_size=6)

closenesses = st.builds(Closeness, **{one.name: unit for one in fields(Closeness)})
questions = st.builds(Question, photo=st.booleans(), words=st.booleans(), novelty=st.none() | unit)


@st.composite
def signals(draw: st.DrawFn) -> dict[Channel, float]:
    """Raw signals as an engine gives them, any channel may be missing."""
    asked = draw(st.sets(st.sampled_from(Channel)))
    return {channel: draw(cosine if channel is Channel.LOOK else unit) for channel in Channel if channel in asked}


@st.composite
def candidate_lists(draw: st.DrawFn, max_size: int = 12) -> list[Candidate]:
    """Candidates with distinct ids."""
    ids = draw(st.lists(product_ids, max_size=max_size, unique=True))
    return [Candidate(product_id, "", draw(st.integers(0, 3)), draw(signals())) for product_id in ids]
