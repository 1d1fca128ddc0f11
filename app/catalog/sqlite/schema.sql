-- The catalog in one SQLite file. Rows belong to a generation; picture evidence is shared between generations.
-- The full-text table of a generation is made with it (words_<number>), so that word statistics are its own.

CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (1);

-- holder, lease: who fills it, and the secret that its writer proves it with. heartbeat: unix seconds.
-- base_sequence: the last live change when it was begun; later ones are replayed when it is first published.
-- changed_at: last put, delete or publish.
CREATE TABLE generations (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    state         TEXT NOT NULL CHECK (state IN ('loading', 'verified', 'published', 'retired', 'abandoned')),
    created_at    TEXT NOT NULL,
    published_at  TEXT,
    changed_at    TEXT,
    embedder      TEXT NOT NULL,
    dims          INTEGER NOT NULL,
    source        TEXT NOT NULL,
    holder        TEXT NOT NULL,
    lease         TEXT NOT NULL,
    heartbeat     REAL NOT NULL,
    base_sequence INTEGER NOT NULL
);
CREATE UNIQUE INDEX one_published ON generations (state) WHERE state = 'published';
CREATE UNIQUE INDEX one_loading ON generations (state) WHERE state = 'loading';

-- key is never used again (AUTOINCREMENT): a replaced product gets a new one, which tells an index old from new.
-- document: the product. facts: what the memory index wants of it, worked out once (documents.py says how).
CREATE TABLE products (
    key          INTEGER PRIMARY KEY AUTOINCREMENT,
    generation   INTEGER NOT NULL REFERENCES generations (number),
    id           TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    document     TEXT NOT NULL,
    facts        TEXT NOT NULL,
    UNIQUE (generation, id)
);

-- What was seen in one picture. vector: dims x float16, little endian. region: x, y, width, height.
-- digest: of all that was seen, so that two opinions about the same bytes can stand side by side.
CREATE TABLE evidence (
    key      INTEGER PRIMARY KEY,
    sha256   TEXT NOT NULL,
    embedder TEXT NOT NULL,
    digest   BLOB NOT NULL,
    vector   BLOB NOT NULL,
    UNIQUE (sha256, embedder, digest)
);

-- Apart from the vectors, so that reading those when an index is built touches nothing else.
CREATE TABLE evidence_details (
    evidence INTEGER PRIMARY KEY REFERENCES evidence (key) ON DELETE CASCADE,
    region   TEXT NOT NULL,
    colors   TEXT NOT NULL,
    features BLOB NOT NULL
);

CREATE TABLE images (
    product  INTEGER NOT NULL REFERENCES products (key) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    evidence INTEGER NOT NULL REFERENCES evidence (key),
    PRIMARY KEY (product, position)
) WITHOUT ROWID;
CREATE INDEX images_by_evidence ON images (evidence);

CREATE TABLE artifacts (
    generation INTEGER NOT NULL REFERENCES generations (number) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    data       BLOB NOT NULL,
    PRIMARY KEY (generation, name)
);

-- The last live change of each product: other processes follow it, and a first publish replays it.
CREATE TABLE changes (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL REFERENCES generations (number) ON DELETE CASCADE,
    product_id TEXT NOT NULL,
    deleted    INTEGER NOT NULL,
    UNIQUE (generation, product_id)
);
