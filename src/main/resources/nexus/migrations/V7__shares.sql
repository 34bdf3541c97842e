-- What tenants share with each other. A row of the tenant that shares; the other one has none.

CREATE TABLE share (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL,
    -- The tenant that it is for. Judged at the commit, so that its row is locked no longer than that. When the last trace of
    -- that tenant goes, so does this row.
    target       uuid NOT NULL REFERENCES tenant (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    subject_type text COLLATE "C" NOT NULL,
    -- Empty for everybody of the target.
    subject_id   text COLLATE "C" NOT NULL,
    name         text COLLATE "C" NOT NULL,
    -- Null while it is only announced.
    path         text COLLATE "C",
    relation     text COLLATE "C" NOT NULL,
    write        boolean NOT NULL,
    label        text COLLATE "C",
    created_at   timestamptz NOT NULL,
    created_by   text COLLATE "C" NOT NULL,
    expires_at   timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (target <> tenant_id)
);
CREATE INDEX share_target ON share (target);

ALTER TABLE share ENABLE ROW LEVEL SECURITY;
ALTER TABLE share FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON share USING (tenant_id = (SELECT current_tenant()))
                           WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON share TO nexus_app;
