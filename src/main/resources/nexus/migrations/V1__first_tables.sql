-- The schema of the server. Everything lies in the schema "nexus"; the server works as the role nexus_app, which owns
-- nothing and cannot bypass row security.
--
-- Conventions:
--   * Every table that belongs to tenants has a column tenant_id, row security (forced), and starts its keys with it.
--   * Texts that identify something compare byte for byte: COLLATE "C".
--   * Error codes of our own: NX001 fenced, NX002 wrong revision, NX003 an expectation does not hold, NX004 no such
--     tenant, NX005 owned by a live node, NX006 the own lease is over, NX007 no tenant is set.

-- ---------------------------------------------------------------------------------------------------------- the role

-- Roles belong to the whole server, not to this database: another database's migration may make it at this very moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexus_app') THEN
        BEGIN
            CREATE ROLE nexus_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                    MESSAGE = format('%I may not make the role nexus_app: let an administrator run '
                                     'CREATE ROLE nexus_app NOLOGIN; GRANT nexus_app TO %1$I', current_user);
        END;
    END IF;
END $$;

-- Whoever has made a role may grant it, and counts as its member, but from version 16 on may not become it.
DO $$
DECLARE
    membership text := CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
    FOR attempt IN 1..20 LOOP
        EXIT WHEN pg_has_role(current_user, 'nexus_app', membership);
        BEGIN
            EXECUTE format('GRANT nexus_app TO %I', current_user);
        EXCEPTION
            -- "tuple concurrently updated": another database's migration grants at the same time.
            WHEN internal_error OR unique_violation THEN PERFORM pg_sleep(0.05);
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                    MESSAGE = format('%I may not become the role nexus_app: let an administrator run '
                                     'GRANT nexus_app TO %1$I', current_user);
        END;
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA nexus TO nexus_app;

-- ------------------------------------------------------------------------------------------------- the control plane

CREATE TABLE node (
    id          uuid PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    mode        text COLLATE "C" NOT NULL CHECK (mode IN ('EMBEDDED', 'SINGLE', 'CLUSTER')),
    lease_until timestamptz NOT NULL,
    renewals    bigint NOT NULL DEFAULT 0,
    joined_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE tenant (
    id                uuid PRIMARY KEY,
    -- Null from the deletion on: the name is free then.
    name              text COLLATE "C",
    -- The record.
    display_name      text COLLATE "C" NOT NULL,
    plan              text COLLATE "C" NOT NULL,
    status            text COLLATE "C" NOT NULL,
    suspension_reason text COLLATE "C",
    trial_ends_at     timestamptz,
    users_limit       bigint,
    files_limit       bigint,
    bytes_limit       bigint,
    retained_versions integer NOT NULL,
    -- The administrators' own members: names and JSON texts, in their order.
    member_names      text[] COLLATE "C" NOT NULL DEFAULT '{}',
    member_values     text[] COLLATE "C" NOT NULL DEFAULT '{}',
    limit_names       text[] COLLATE "C" NOT NULL DEFAULT '{}',
    limit_values      text[] COLLATE "C" NOT NULL DEFAULT '{}',
    created_at        timestamptz NOT NULL,
    settings_revision bigint NOT NULL,
    -- What every group moves.
    revision          bigint NOT NULL DEFAULT 0,
    last_at           timestamptz NOT NULL,
    users             bigint NOT NULL DEFAULT 0 CHECK (users >= 0),
    files             bigint NOT NULL DEFAULT 0 CHECK (files >= 0),
    bytes             bigint NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    audit_sequence    bigint NOT NULL DEFAULT 0,
    audit_bytes       bigint NOT NULL DEFAULT 0,
    -- Who owns it.
    owner_node        uuid,
    owner_epoch       bigint NOT NULL DEFAULT 0,
    deleted_at        timestamptz,
    CHECK ((name IS NULL) = (deleted_at IS NOT NULL))
) WITH (fillfactor = 50);
-- Room on the page: the update of every group touches no indexed column and stays on it.

CREATE UNIQUE INDEX tenant_name ON tenant (name);
CREATE INDEX tenant_owner ON tenant (owner_node) WHERE owner_node IS NOT NULL;
CREATE INDEX tenant_deleted ON tenant (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE checksum_secret (
    version    integer PRIMARY KEY CHECK (version > 0),
    secret     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The reserved tenant: the system keys and the control plane. It is never listed.
INSERT INTO tenant (id, name, display_name, plan, status, retained_versions, created_at, settings_revision, last_at)
SELECT '00000000-0000-0000-0000-000000000000', 'system', 'system', 'enterprise', 'active', 10, made, 1, made
FROM date_trunc('milliseconds', clock_timestamp()) AS made;

-- ---------------------------------------------------------------------------------------------- the tenants' own rows

CREATE TABLE relation_tuple (
    tenant_id        uuid NOT NULL,
    -- Derived from the tuple itself. The tuple as a key would not fit into an index page: ids of objects are paths.
    id               uuid NOT NULL,
    object_type      text COLLATE "C" NOT NULL,
    object_id        text COLLATE "C" NOT NULL,
    relation         text COLLATE "C" NOT NULL,
    subject_type     text COLLATE "C" NOT NULL,
    subject_id       text COLLATE "C" NOT NULL,
    -- Empty for the subject itself.
    subject_relation text COLLATE "C" NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    -- Only to find rows by: the texts themselves decide.
    object_key       uuid GENERATED ALWAYS AS (md5(object_type || ':' || object_id)::uuid) STORED,
    subject_key      uuid GENERATED ALWAYS AS (md5(subject_type || ':' || subject_id)::uuid) STORED,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX relation_tuple_object ON relation_tuple (tenant_id, object_key, id);
CREATE INDEX relation_tuple_subject ON relation_tuple (tenant_id, subject_key, id);

CREATE TABLE api_key (
    tenant_id            uuid NOT NULL,
    id                   uuid NOT NULL,
    secret_hash          bytea NOT NULL,
    name                 text COLLATE "C" NOT NULL,
    user_id              text COLLATE "C" NOT NULL,
    subject_type         text COLLATE "C" NOT NULL,
    subject_id           text COLLATE "C" NOT NULL,
    system_administrator boolean NOT NULL,
    external             boolean NOT NULL,
    created_at           timestamptz NOT NULL,
    expires_at           timestamptz,
    revoked_at           timestamptz,
    last_used_at         timestamptz,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80);

CREATE TABLE tenant_user (
    tenant_id  uuid NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    enabled    boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subject)
);

-- Files and directories. The root directory has no row.
--
-- A path has up to 4096 bytes, a row of an index some 2700. So the order of paths is kept by their first 512 characters
-- (path_key) and finished by a sort among the equal ones, and what is behind them is unique by a digest (path_rest).
CREATE TABLE file_entry (
    tenant_id   uuid NOT NULL,
    id          uuid NOT NULL,
    path        text COLLATE "C" NOT NULL CHECK (path LIKE '/_%'),
    directory   boolean NOT NULL,
    version     bigint NOT NULL,
    size        bigint NOT NULL,
    hash        bytea,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    created_by  text COLLATE "C" NOT NULL,
    path_key    text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(path, 512)) STORED,
    path_rest   uuid NOT NULL GENERATED ALWAYS AS (md5(substr(path, 513))::uuid) STORED,
    -- The directory that holds it, as a digest of its path; '' is the root's.
    parent_key  uuid NOT NULL GENERATED ALWAYS AS (md5(regexp_replace(path, '/[^/]*$', ''))::uuid) STORED,
    name        text COLLATE "C" NOT NULL GENERATED ALWAYS AS (regexp_replace(path, '^.*/', '')) STORED,
    PRIMARY KEY (tenant_id, id),
    -- Deferrable: judged at the end of a statement, so that one statement can move names around.
    CONSTRAINT file_entry_path UNIQUE (tenant_id, path_key, path_rest) DEFERRABLE INITIALLY IMMEDIATE,
    CHECK (directory = (hash IS NULL))
) WITH (fillfactor = 80);
CREATE INDEX file_entry_children ON file_entry (tenant_id, parent_key, name);

CREATE TABLE file_version (
    tenant_id  uuid NOT NULL,
    file_id    uuid NOT NULL,
    version    bigint NOT NULL,
    size       bigint NOT NULL,
    hash       bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    source     text COLLATE "C" NOT NULL,
    parent     bigint,
    PRIMARY KEY (tenant_id, file_id, version)
);

-- Contents, each once per tenant: in the row, or at a place in the blob store.
CREATE TABLE blob (
    tenant_id          uuid NOT NULL,
    hash               bytea NOT NULL,
    -- Rows of file_version that name it.
    refs               bigint NOT NULL CHECK (refs >= 0),
    size               bigint NOT NULL,
    content            bytea,
    place              text COLLATE "C",
    unreferenced_since timestamptz,
    PRIMARY KEY (tenant_id, hash),
    CHECK ((content IS NULL) <> (place IS NULL))
);
-- No compression: most contents are compressed already or small, and the commit path pays for the attempt.
ALTER TABLE blob ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX blob_swept ON blob (tenant_id) WHERE refs = 0 AND place IS NULL;
CREATE INDEX blob_unreferenced ON blob (tenant_id, unreferenced_since) WHERE refs = 0 AND place IS NOT NULL;
CREATE UNIQUE INDEX blob_place ON blob (tenant_id, place) WHERE place IS NOT NULL;

CREATE TABLE audit_entry (
    tenant_id uuid NOT NULL,
    sequence  bigint NOT NULL,
    at        timestamptz NOT NULL,
    line      text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);

-- What was answered to the commands of the last groups.
CREATE TABLE tenant_group (
    tenant_id uuid NOT NULL,
    at        timestamptz NOT NULL,
    revision  bigint NOT NULL,
    replies   bytea NOT NULL,
    PRIMARY KEY (tenant_id, at, revision)
);
ALTER TABLE tenant_group ALTER COLUMN replies SET STORAGE EXTERNAL;

-- -------------------------------------------------------------------------------------------------------- row security

-- The tenant of the running transaction. Raises where none is set: a forgotten setting must never look like an empty
-- tenant.
CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    setting text := current_setting('nexus.tenant', true);
BEGIN
    IF setting IS NULL OR setting = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'NX007', MESSAGE = 'no tenant is set in this transaction';
    END IF;
    RETURN setting::uuid;
END $$;

-- In a sub-select, so that it is asked once per statement and not once per row.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['relation_tuple', 'api_key', 'tenant_user', 'file_entry', 'file_version', 'blob',
                                'audit_entry', 'tenant_group'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON %I USING (tenant_id = (SELECT current_tenant()))
                                                     WITH CHECK (tenant_id = (SELECT current_tenant()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO nexus_app', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON tenant, node TO nexus_app;
GRANT SELECT, INSERT ON checksum_secret TO nexus_app;

-- ------------------------------------------------------------------------------------------------------------ the fence

-- Opens a group: locks the tenant's row, and raises unless this node owns it in this epoch and the group is the next
-- one. An update that found no row would let the commit behind it through; an exception does not.
CREATE FUNCTION fence(
    the_tenant uuid, node uuid, epoch bigint, next_revision bigint, next_at timestamptz,
    next_users bigint, next_files bigint, next_bytes bigint,
    audit_count bigint, audit_last bigint, audit_added bigint
) RETURNS void
    LANGUAGE plpgsql STRICT AS $$
DECLARE
    present tenant%ROWTYPE;
    last_sequence bigint;
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
        audit_bytes = t.audit_bytes + audit_added
    WHERE t.id = the_tenant
      AND t.owner_node = node
      AND t.owner_epoch = epoch
      AND t.deleted_at IS NULL
      AND t.revision = next_revision - 1
    RETURNING t.audit_sequence INTO last_sequence;
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
END $$;

-- Raises unless this node owns the tenant in this epoch; locks the tenant's row.
CREATE FUNCTION own(the_tenant uuid, node uuid, epoch bigint) RETURNS void
    LANGUAGE plpgsql STRICT AS $$
BEGIN
    PERFORM 1 FROM tenant t
    WHERE t.id = the_tenant AND t.owner_node = node AND t.owner_epoch = epoch AND t.deleted_at IS NULL
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'NX001',
            MESSAGE = format('node %s does not own tenant %s in epoch %s', node, the_tenant, epoch);
    END IF;
END $$;

-- Ends every statement of a group: raises if it did not touch as many rows as the actor knew there are, and counts the
-- statement for the seal.
CREATE FUNCTION step(what text, seen bigint, wanted bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF seen IS DISTINCT FROM wanted THEN
        RAISE EXCEPTION USING ERRCODE = 'NX003', MESSAGE = format('%s: %s rows instead of %s', what, seen, wanted);
    END IF;
    PERFORM set_config('nexus.steps', (current_setting('nexus.steps')::bigint + 1)::text, true);
END $$;

-- Ends a group: raises unless all its statements ran in this transaction. The commit is under way behind it already.
CREATE FUNCTION seal(steps bigint) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('nexus.steps')::bigint IS DISTINCT FROM steps THEN
        RAISE EXCEPTION USING ERRCODE = 'NX003',
            MESSAGE = format('%s statements ran instead of %s', current_setting('nexus.steps'), steps);
    END IF;
END $$;

-- Makes the node the tenant's owner in a new epoch. Locks in the order tenant, node; waits for a group in flight.
CREATE FUNCTION take(the_tenant uuid, taker uuid) RETURNS bigint
    LANGUAGE plpgsql STRICT AS $$
DECLARE
    present tenant%ROWTYPE;
    owner_until timestamptz;
BEGIN
    SELECT * INTO present FROM tenant t WHERE t.id = the_tenant FOR UPDATE;
    IF NOT FOUND OR present.deleted_at IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'NX004', MESSAGE = format('there is no tenant %s', the_tenant);
    END IF;
    IF NOT EXISTS (SELECT FROM node n WHERE n.id = taker AND n.lease_until > clock_timestamp()) THEN
        RAISE EXCEPTION USING ERRCODE = 'NX006', MESSAGE = format('the lease of node %s is over', taker);
    END IF;
    IF present.owner_node <> taker THEN
        -- The lock first, the test after it: a renewal that is under way is either seen or refused.
        SELECT n.lease_until INTO owner_until FROM node n WHERE n.id = present.owner_node FOR UPDATE;
        IF owner_until > clock_timestamp() THEN
            RAISE EXCEPTION USING ERRCODE = 'NX005',
                MESSAGE = format('node %s owns tenant %s', present.owner_node, the_tenant);
        END IF;
    END IF;
    UPDATE tenant t SET owner_node = taker, owner_epoch = t.owner_epoch + 1 WHERE t.id = the_tenant;
    RETURN present.owner_epoch + 1;
END $$;

-- ----------------------------------------------------------------------------------------------------------- the leases

-- Enters a node, or returns the leases that forbid it. One at a time: two that start at once see each other.
CREATE FUNCTION join_node(newcomer uuid, newcomer_name text, newcomer_mode text, term interval)
    RETURNS TABLE (id uuid, name text, mode text, renewals bigint, remaining_ms bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7310579611350230126);
    IF newcomer_mode = 'EMBEDDED' THEN
        UPDATE node n SET lease_until = clock_timestamp() WHERE n.lease_until > clock_timestamp();
    ELSE
        RETURN QUERY
            SELECT n.id, n.name, n.mode, n.renewals,
                   (extract(epoch FROM n.lease_until - clock_timestamp()) * 1000)::bigint
            FROM node n
            WHERE n.lease_until > clock_timestamp() AND NOT (n.mode = 'CLUSTER' AND newcomer_mode = 'CLUSTER')
            ORDER BY n.id
            FOR UPDATE;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    DELETE FROM node n WHERE n.lease_until < clock_timestamp() - interval '1 day';
    INSERT INTO node (id, name, mode, lease_until)
    VALUES (newcomer, newcomer_name, newcomer_mode, clock_timestamp() + term);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus TO nexus_app;
