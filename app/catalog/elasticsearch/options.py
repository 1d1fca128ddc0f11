"""What the composition root decides about an Elasticsearch catalog. Plain values; nothing here reads settings."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

VectorIndex = Literal["int8_hnsw", "bbq_hnsw", "hnsw"]

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LOOPBACK = re.compile(r"https?://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:|/|$)")


@dataclass(frozen=True, slots=True)
class ElasticsearchOptions:
    """Where the cluster is and how the shop's indices are made.

    hosts: URLs without a user or password. api_key: encoded, as Elasticsearch gives it; "" for none. ca_certs: a PEM
    file with the authority that signed the cluster's certificate, where the system's do not do. prefix: begins the
    names of all that this shop owns in the cluster. vector_index: of new generations. oversample: how many times the
    wanted neighbors are taken from the compressed vectors and compared exactly. language: of the words, as
    Elasticsearch's stemmers name it. templates: a folder like es_templates/, None for the one that ships.
    exact_pictures: generations of at most so many pictures are compared one by one instead of through the graph.
    timeout_s: longest time one request may take; a cancelled call is cancelled in the cluster, too.
    """

    hosts: tuple[str, ...]
    api_key: str = field(default="", repr=False)
    ca_certs: Path | None = None
    prefix: str = "akin"
    vector_index: VectorIndex = "int8_hnsw"
    oversample: float = 3.0
    language: str = "english"
    templates: Path | None = None
    exact_pictures: int = 4_000
    timeout_s: float = 10.0
    connections: int = 16

    def __post_init__(self) -> None:
        if not self.hosts:
            raise ValueError("name at least one host")
        if _PREFIX.fullmatch(self.prefix) is None:
            # Without hyphens no shop's index patterns can match another shop's indices.
            raise ValueError(f"a prefix is a lower-case letter, then letters, digits and _, not {self.prefix!r}")

    @property
    def is_near(self) -> bool:
        """Whether all hosts are this machine, where compressing what is sent only costs."""
        return all(_LOOPBACK.match(host) for host in self.hosts)

    @property
    def alias(self) -> str:
        """The alias of the published generation's products."""
        return f"{self.prefix}-products"

    @property
    def ledger(self) -> str:
        """The index that says which generations there are."""
        return f"{self.prefix}-ledger"

    def products_index(self, generation_id: str) -> str:
        """The index of a generation's products."""
        return f"{self.prefix}-products-{generation_id}"

    def details_index(self, generation_id: str) -> str:
        """The index of a generation's picture evidence and artifacts."""
        return f"{self.prefix}-details-{generation_id}"
