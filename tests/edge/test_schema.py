"""The document and the server agree: schemathesis, right and wrong data, a few examples of every operation.

`make prove ONLY=edge.schema` does the same with a thousand.
"""

from bench import edge_schema


def test_schemathesis_finds_nothing() -> None:
    tested = edge_schema.at_once(examples=3)
    assert tested.failures == 0, "what it found stands on standard error, each with a curl line"
    assert tested.operations >= 45
