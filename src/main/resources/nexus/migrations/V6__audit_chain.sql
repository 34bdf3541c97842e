-- The hash chain over each tenant's audit log; what is hashed is said in nexus.store.AuditChain.

-- Null in rows of a release that has no chain, until a release that has it takes the tenant.
ALTER TABLE audit_entry ADD COLUMN hash bytea;

-- The chain's end: how many entries it holds, and the hash of the last one; null while there is none.
ALTER TABLE tenant
    ADD COLUMN audit_chained bigint NOT NULL DEFAULT 0,
    ADD COLUMN audit_hash    bytea;

-- Where a tenant's chain begins.
CREATE FUNCTION audit_start(the_tenant uuid) RETURNS bytea
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT sha256(uuid_send(the_tenant)) $$;

-- Opens a group, as the fence of the release before does, and moves the chain's end. That one stays for the nodes that still
-- run that release: what they add is chained when the next node takes the tenant.
CREATE FUNCTION fence(
    the_tenant uuid, node uuid, epoch bigint, next_revision bigint, next_at timestamptz,
    next_users bigint, next_files bigint, next_bytes bigint,
    audit_count bigint, audit_last bigint, audit_added bigint, audit_end bytea
) RETURNS void
    LANGUAGE plpgsql STRICT AS $$
DECLARE
    present tenant%ROWTYPE;
    last_sequence bigint;
    last_chained bigint;
BEGIN
    IF current_tenant() <> the_tenant THEN
        RAISE EXCEPTION USING ERRCODE = 'NX007', MESSAGE = 'another tenant is set in this transaction';
    END IF;
    UPDATE tenant t
    SET revision = next_revision,
        last_at = greatest(t.last_at, next_at),
        users = next_users,
        files = next_files,
        bytes = next_bytes,
        audit_sequence = t.audit_sequence + audit_count,
        audit_bytes = t.audit_bytes + audit_added,
        audit_chained = t.audit_chained + audit_count,
        audit_hash = CASE WHEN audit_count > 0 THEN audit_end ELSE t.audit_hash END
    WHERE t.id = the_tenant
      AND t.owner_node = node
      AND t.owner_epoch = epoch
      AND t.deleted_at IS NULL
      AND t.revision = next_revision - 1
    RETURNING t.audit_sequence, t.audit_chained INTO last_sequence, last_chained;
    IF NOT FOUND THEN
        SELECT * INTO present FROM tenant t WHERE t.id = the_tenant;
        IF present.id IS NOT NULL AND present.deleted_at IS NULL
            AND present.owner_node = node AND present.owner_epoch = epoch THEN
            RAISE EXCEPTION USING ERRCODE = 'NX002',
                MESSAGE = format('revision %s cannot follow %s', next_revision, present.revision);
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'NX001',
            MESSAGE = format('node %s does not own tenant %s in epoch %s', node, the_tenant, epoch);
    END IF;
    IF audit_count > 0 AND last_sequence <> audit_last THEN
        RAISE EXCEPTION USING ERRCODE = 'NX003',
            MESSAGE = format('audit entry %s cannot be the last one, %s is', audit_last, last_sequence);
    END IF;
    IF audit_count > 0 AND last_chained <> last_sequence THEN
        RAISE EXCEPTION USING ERRCODE = 'NX003',
            MESSAGE = format('%s audit entries are chained of %s', last_chained, last_sequence);
    END IF;
END $$;

-- Chains entries that are not yet: those of the releases before. Only for the tenant's owner, between groups; at most slice
-- at a time, true when all are done. A row that is missing already is passed over: verify says which.
CREATE FUNCTION chain_audit(the_tenant uuid, node uuid, epoch bigint, slice integer) RETURNS boolean
    LANGUAGE plpgsql STRICT AS $$
DECLARE
    link bytea;
    chained bigint;
    last bigint;
    seen integer := 0;
    entry record;
BEGIN
    PERFORM own(the_tenant, node, epoch);
    SELECT coalesce(t.audit_hash, audit_start(t.id)), t.audit_chained, t.audit_sequence INTO link, chained, last
    FROM tenant t WHERE t.id = the_tenant;
    FOR entry IN
        SELECT e.sequence, e.line FROM audit_entry e
        WHERE e.tenant_id = the_tenant AND e.sequence > chained AND e.sequence <= last
        ORDER BY e.sequence
        LIMIT slice
    LOOP
        link := sha256(link || convert_to(entry.line, 'UTF8'));
        UPDATE audit_entry e SET hash = link WHERE e.tenant_id = the_tenant AND e.sequence = entry.sequence;
        chained := entry.sequence;
        seen := seen + 1;
    END LOOP;
    IF seen < slice THEN
        chained := last;
    END IF;
    UPDATE tenant t SET audit_chained = chained, audit_hash = link WHERE t.id = the_tenant;
    RETURN chained = last;
END $$;

-- The number of the first entry that is not older than a time; one more than the last number if all are older. The times of
-- a tenant's entries never run back, so a few look-ups find it.
CREATE FUNCTION audit_since(the_tenant uuid, since timestamptz, last bigint) RETURNS bigint
    LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    low bigint := 1;
    high bigint := last + 1;
    middle bigint;
    entry record;
BEGIN
    WHILE low < high LOOP
        middle := (low + high) / 2;
        SELECT e.sequence, e.at INTO entry FROM audit_entry e
        WHERE e.tenant_id = the_tenant AND e.sequence >= middle
        ORDER BY e.sequence
        LIMIT 1;
        IF entry.at IS NULL OR entry.at >= since THEN
            high := middle;
        ELSE
            low := entry.sequence + 1;
        END IF;
    END LOOP;
    RETURN least(low, last + 1);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus TO nexus_app;
