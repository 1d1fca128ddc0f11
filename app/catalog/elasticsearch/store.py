"""Documents of one generation: read by id, written, copied between generations, made and erased with their indices."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from app.catalog.elasticsearch.bulk import Bulk, Write
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.documents import details_id, document_id, from_details, from_document
from app.catalog.elasticsearch.ledger import Entry
from app.catalog.model import ImageEvidence, Product

_AT_ONCE = 200
_COPY_S = 600.0
"""Longest time a copy or a deletion inside the cluster may take; live changes of a long load can be many."""
_PAGE = 10_000
_PART = 4 * 1024 * 1024
_HIDDEN = ["facets", "filters", "channels", "facts"]


class Store:
    """The indices of one shop's generations."""

    def __init__(self, connection: Connection, bulk: Bulk) -> None:
        self._connection = connection
        self._options = connection.options
        self._bulk = bulk

    def products_index(self, entry: Entry) -> str:
        """The index of a generation's products."""
        return self._options.products_index(entry.id)

    def details_index(self, entry: Entry) -> str:
        """The index of a generation's picture evidence and artifacts."""
        return self._options.details_index(entry.id)

    async def create(self, entry: Entry) -> None:
        """Make the indices of a generation that is to be loaded, unless they are there."""
        vector: dict[str, Any] = {"type": "dense_vector", "similarity": "cosine", "index": True}
        if entry.dims:
            vector |= {"dims": entry.dims, "index_options": {"type": self._options.vector_index}}
        mappings = {"properties": {"images": {"type": "nested", "properties": {"vector": vector}}}}
        # Nobody searches it yet: a refresh would only make small segments, and small graphs that are merged again.
        settings = {"index": {"refresh_interval": -1}}
        await asyncio.gather(
            self._create(self.products_index(entry), settings=settings, mappings=mappings),
            self._create(self.details_index(entry), settings=settings),
        )

    async def erase(self, entry: Entry) -> None:
        """Delete the indices of a generation; harmless where they are gone."""
        indices = [self.products_index(entry), self.details_index(entry)]
        await self._connection.call(lambda client: client.indices.delete(index=indices, ignore_unavailable=True))

    async def exists(self, index: str) -> bool:
        """Whether there is such an index."""
        return bool(await self._connection.call(lambda client: client.indices.exists(index=index)))

    async def refresh(self, *indices: str) -> None:
        """Make all that was written searchable."""
        await self._connection.call(lambda client: client.indices.refresh(index=",".join(indices)))

    async def products(self, entry: Entry, ids: Sequence[str]) -> list[Product]:
        """The products that exist, in the order asked for."""
        found = await self._documents(
            self.products_index(entry), [document_id(one) for one in ids], source_excludes=[*_HIDDEN, "images.vector"]
        )
        return [from_document(document) for document in found if document is not None]

    async def evidence(self, entry: Entry, images: Sequence[tuple[str, int]]) -> list[ImageEvidence | None]:
        """The evidence of (product id, position) pairs, None where there is none."""
        ids = [details_id(product_id, position) for product_id, position in images]
        found = await self._documents(self.details_index(entry), ids)
        return [None if document is None else from_details(entry.embedder, document) for document in found]

    async def known_evidence(self, entries: Iterable[Entry], sha256s: Iterable[str]) -> dict[str, ImageEvidence]:
        """sha256 -> evidence for those bytes in any of these generations, the first one that has it."""
        wanted = sorted({sha256 for sha256 in sha256s if sha256})
        known: dict[str, ImageEvidence] = {}
        for entry in entries:
            left = [sha256 for sha256 in wanted if sha256 not in known]
            for start in range(0, len(left), _AT_ONCE):
                known |= await self._evidence_of(entry, left[start : start + _AT_ONCE])
        return known

    async def pictures_of(self, entry: Entry, product_id: str) -> int | None:
        """How many pictures a product has, with or without evidence; None when it does not exist."""
        (document,) = await self._documents(
            self.products_index(entry), [document_id(product_id)], source_includes=["images.position"]
        )
        return None if document is None else len(document.get("images", ()))

    async def remove_details(self, entry: Entry, product_ids: Sequence[str], *, least: Mapping[str, int]) -> None:
        """Erase the evidence of pictures these products no longer have.

        least: the first position that is gone, all where it is silent.
        """
        index = self.details_index(entry)
        await self.refresh(index)
        for start in range(0, len(product_ids), _AT_ONCE):
            gone = [
                {"bool": {"filter": [{"term": {"product": one}}, {"range": {"position": {"gte": least.get(one, 0)}}}]}}
                for one in product_ids[start : start + _AT_ONCE]
            ]
            await self._delete_by_query(index, {"bool": {"should": gone, "minimum_should_match": 1}})

    async def copy(self, source: Entry, target: Entry, product_ids: Sequence[str], *, versions: bool) -> int:
        """Copy products with their evidence; how many there were.

        versions: keep the documents' versions, and leave what is newer in the target alone.
        """
        await self.refresh(self.products_index(source), self.details_index(source))
        copied = 0
        unique = list(dict.fromkeys(product_ids))
        for start in range(0, len(unique), _AT_ONCE * 5):
            some = unique[start : start + _AT_ONCE * 5]
            await self._copy(self.details_index(source), self.details_index(target), {"terms": {"product": some}})
            copied += await self._copy(
                self.products_index(source), self.products_index(target), {"terms": {"id": some}}, versions=versions
            )
        return copied

    async def columns(self, entry: Entry, fields: Sequence[str], query: Mapping[str, Any]) -> AsyncIterator[list[str]]:
        """Doc values of all products that match, by id; "" where one has none. Refresh before."""
        after: list[Any] | None = None
        while True:
            hits = await self._page(self.products_index(entry), fields, query, after)
            for hit in hits:
                yield [hit.get("fields", {}).get(name, [""])[0] for name in fields]
            if len(hits) < _PAGE:
                return
            after = hits[-1]["sort"]

    async def attach(self, entry: Entry, name: str, data: bytes) -> None:
        """Store an artifact. Its parts first, then what names them: a reader sees the old or the new one."""
        index = self.details_index(entry)
        parts = [f"part-{secrets.token_hex(12)}" for _ in range(0, len(data), _PART)]
        for place, part in enumerate(parts):
            piece = base64.b64encode(data[place * _PART : (place + 1) * _PART]).decode("ascii")
            await self._put(index, part, {"data": piece})
        await self._put(index, f"artifact-{name}", {"artifact": name, "parts": {"ids": parts}})

    async def artifact(self, entry: Entry, name: str) -> bytes | None:
        """What was stored under a name, or None."""
        index = self.details_index(entry)
        (document,) = await self._documents(index, [f"artifact-{name}"])
        if document is None:
            return None
        parts = await self._documents(index, document["parts"]["ids"])
        return b"".join(base64.b64decode(part["data"]) for part in parts if part is not None)

    async def artifact_names(self, entry: Entry) -> list[str]:
        """The names of all that was stored with a generation."""
        index = self.details_index(entry)
        await self.refresh(index)
        answer = await self._connection.call(
            lambda client: client.search(index=index, query={"exists": {"field": "artifact"}}, size=1_000)
        )
        return [hit["_source"]["artifact"] for hit in answer["hits"]["hits"]]

    async def _documents(self, index: str, ids: Sequence[str], **shown: Any) -> list[dict[str, Any] | None]:
        chunks = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
        if not chunks:
            self._connection.client  # noqa: B018 - a closed catalog says so even when nothing is asked
        answers = await asyncio.gather(*(self._some_documents(index, some, shown) for some in chunks))
        return [found.get("_source") for answer in answers for found in answer]

    async def _some_documents(self, index: str, ids: Sequence[str], shown: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = await self._connection.call(lambda client: client.mget(index=index, ids=list(ids), **shown))
        return list(answer["docs"])

    async def _evidence_of(self, entry: Entry, sha256s: Sequence[str]) -> dict[str, ImageEvidence]:
        answer = await self._connection.call(
            lambda client: client.search(
                index=self.details_index(entry),
                query={"bool": {"filter": [{"terms": {"sha256": list(sha256s)}}]}},
                collapse={"field": "sha256"},
                size=len(sha256s),
                ignore_unavailable=True,
            )
        )
        found = [hit["_source"] for hit in answer["hits"]["hits"]]
        return {document["sha256"]: from_details(entry.embedder, document) for document in found}

    async def _page(
        self, index: str, fields: Sequence[str], query: Mapping[str, Any], after: list[Any] | None
    ) -> list[dict[str, Any]]:
        answer = await self._connection.call(
            lambda client: client.search(
                index=index,
                query=query,
                size=_PAGE,
                sort=[{"id": "asc"}],
                search_after=after,
                source=False,
                stored_fields="_none_",
                docvalue_fields=list(fields),
                track_total_hits=False,
            )
        )
        return list(answer["hits"]["hits"])

    async def _delete_by_query(self, index: str, query: Mapping[str, Any]) -> None:
        await self._connection.call(
            lambda client: client.options(request_timeout=_COPY_S).delete_by_query(
                index=index, query=query, conflicts="proceed", refresh=True
            )
        )

    async def _put(self, index: str, name: str, document: Mapping[str, Any]) -> None:
        await self._connection.call(lambda client: client.index(index=index, id=name, document=document))

    async def _create(self, index: str, **body: Any) -> None:
        async def ask(client: Any) -> Any:
            if await client.indices.exists(index=index):
                return {}
            return await client.indices.create(index=index, **body)

        await self._connection.call(ask)

    async def _copy(self, source: str, target: str, query: Mapping[str, Any], *, versions: bool = False) -> int:
        destination: dict[str, Any] = {"index": target} | ({"version_type": "external_gte"} if versions else {})
        answer = await self._connection.call(
            lambda client: client.options(request_timeout=_COPY_S).reindex(
                source={"index": source, "query": query}, dest=destination, conflicts="proceed", timeout="10m"
            )
        )
        return int(answer["total"])


async def replace_details(store: Store, bulk: Bulk, entry: Entry, product: Product, details: Sequence[Write]) -> None:
    """Write the evidence of one live product and erase that of pictures it no longer has."""
    before = await store.pictures_of(entry, product.id)
    index = store.details_index(entry)
    gone = {details_id(product.id, place) for place in range(before or 0)} - {write.id for write in details}
    await bulk.send([*details, *(Write(index, one, None) for one in sorted(gone))])
