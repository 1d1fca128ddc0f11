"""What a key needs for which operation: the one table. tests/identity proves that no operation is missing."""

from collections.abc import Mapping
from types import MappingProxyType

from app.identity import Scope

SCOPES: Mapping[str, Scope | None] = MappingProxyType(
    {
        # search
        "searchByPhoto": Scope.SEARCH,
        "searchByWords": Scope.SEARCH,
        "findSimilar": Scope.SEARCH,
        "recordInteractions": Scope.SEARCH,
        # products
        "listProducts": Scope.SEARCH,
        "getProduct": Scope.SEARCH,
        "putProduct": Scope.CATALOG_WRITE,
        "patchProduct": Scope.CATALOG_WRITE,
        "deleteProduct": Scope.CATALOG_WRITE,
        # loads
        "startLoad": Scope.CATALOG_WRITE,
        "listLoads": Scope.CATALOG_WRITE,
        "getLoad": Scope.CATALOG_WRITE,
        "cancelLoad": Scope.CATALOG_WRITE,
        "getRejects": Scope.CATALOG_WRITE,
        # what the console finds out, and what people judged
        "getWeights": Scope.INSIGHTS_READ,
        "searchInLab": Scope.INSIGHTS_READ,
        "listJudgedPhotos": Scope.INSIGHTS_READ,
        "exportJudgedPhotos": Scope.INSIGHTS_READ,
        "getJudgedPhoto": Scope.INSIGHTS_READ,
        "getJudgedJpeg": Scope.INSIGHTS_READ,
        "getFindability": Scope.INSIGHTS_READ,
        "listDuplicates": Scope.INSIGHTS_READ,
        "decideDuplicate": Scope.CATALOG_WRITE,
        "getSeen": Scope.INSIGHTS_READ,
        "getHealth": Scope.INSIGHTS_READ,
        "judgePhoto": Scope.CATALOG_WRITE,
        "importJudgedPhotos": Scope.CATALOG_WRITE,
        "changeJudgedPhoto": Scope.CATALOG_WRITE,
        "deleteJudgedPhoto": Scope.CATALOG_WRITE,
        "startEvaluation": Scope.INSIGHTS_READ,
        "listEvaluations": Scope.INSIGHTS_READ,
        "getEvaluation": Scope.INSIGHTS_READ,
        "compareEvaluations": Scope.INSIGHTS_READ,
        # generations
        "listGenerations": Scope.CATALOG_WRITE,
        "publishGeneration": Scope.CATALOG_WRITE,
        "rollBack": Scope.CATALOG_WRITE,
        "pruneGenerations": Scope.CATALOG_WRITE,
        "abandonGeneration": Scope.CATALOG_WRITE,
        # keys
        "listKeys": Scope.ADMIN,
        "createKey": Scope.ADMIN,
        "rotateKey": Scope.ADMIN,
        "revokeKey": Scope.ADMIN,
        # health
        "live": None,
        "ready": None,
        "metrics": None,  # asks for itself: this machine, or insights:read
    }
)
"""operation id -> scope; None: everybody may, also without a key. `admin` includes every scope."""
