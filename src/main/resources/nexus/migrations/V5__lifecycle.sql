-- What happens to tenants by itself, and answers that are remembered for those who ask again.

-- ------------------------------------------------------------------------------------------------------- the lifecycle

ALTER TABLE tenant
    ADD COLUMN cancelled_at timestamptz,
    -- When something happens to it by itself: a trial ends, or the retention of a cancelled tenant does. The actor judges.
    ADD COLUMN due_at       timestamptz;

-- Who was cancelled before there was a retention has all of it before him.
UPDATE tenant SET cancelled_at = clock_timestamp() WHERE status = 'cancelled';
UPDATE tenant
SET due_at = CASE status WHEN 'trial' THEN trial_ends_at WHEN 'cancelled' THEN cancelled_at + interval '90 days' END
WHERE deleted_at IS NULL;

CREATE INDEX tenant_due ON tenant (due_at) WHERE due_at IS NOT NULL;

-- ------------------------------------------------------------------------------------------------------ keyed replies

-- What was answered to commands that came with an idempotency key, in the transaction of their effect.
CREATE TABLE keyed_reply (
    tenant_id uuid NOT NULL,
    key       uuid NOT NULL,
    digest    bytea NOT NULL,
    at        timestamptz NOT NULL,
    reply     bytea NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX keyed_reply_at ON keyed_reply (tenant_id, at);
ALTER TABLE keyed_reply ALTER COLUMN reply SET STORAGE EXTERNAL;

ALTER TABLE keyed_reply ENABLE ROW LEVEL SECURITY;
ALTER TABLE keyed_reply FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON keyed_reply USING (tenant_id = (SELECT current_tenant()))
                                 WITH CHECK (tenant_id = (SELECT current_tenant()));
GRANT SELECT, INSERT, UPDATE, DELETE ON keyed_reply TO nexus_app;
