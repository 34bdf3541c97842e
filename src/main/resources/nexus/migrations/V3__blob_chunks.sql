-- Large contents in the database itself, and where this database's large contents are.

-- ------------------------------------------------------------------------------------------ large contents, in pieces

CREATE TABLE blob_chunk (
    -- Chunks are written outside of any group, so nothing else keeps a late upload from outliving its tenant. Judged at the
    -- commit: the tenant's row, which its owner locks, is held no longer than that.
    tenant_id uuid NOT NULL REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED,
    upload    uuid NOT NULL,
    -- Of its first byte in the content.
    position  bigint NOT NULL CHECK (position >= 0),
    content   bytea NOT NULL,
    -- The hash of the whole content, in its last chunk only: an upload that has none never ended.
    hash      bytea,
    PRIMARY KEY (tenant_id, upload, position)
);
-- No compression, and any part of a chunk can be read without the rest.
ALTER TABLE blob_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX blob_chunk_end ON blob_chunk (tenant_id, upload) WHERE hash IS NOT NULL;

ALTER TABLE blob_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE blob_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON blob_chunk USING (tenant_id = (SELECT current_tenant()))
                                WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, DELETE ON blob_chunk TO nexus_app;

-- ------------------------------------------------------------------------------------------- the home of the contents

-- One row: which place holds the large contents that this database's rows name.
CREATE TABLE blob_home (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    -- Of this database, from its birth on: tells its own places from those of others.
    database    uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Of the place, which bears it in a marker; null until the first server has recorded its place.
    id          uuid,
    kind        text COLLATE "C" CHECK (kind IN ('DATABASE', 'DIRECTORY', 'S3')),
    -- For messages: what the first server called the place.
    description text COLLATE "C",
    recorded_at timestamptz,
    CHECK ((id IS NULL) = (kind IS NULL) AND (id IS NULL) = (description IS NULL) AND (id IS NULL) = (recorded_at IS NULL))
);
INSERT INTO blob_home DEFAULT VALUES;
GRANT SELECT, UPDATE ON blob_home TO nexus_app;
