-- Several nodes on one database: what they tell each other through their lease rows, pins, and a take that does not
-- trust the database's clock alone.

-- A node is a candidate for tenants when it has told its member id and is not draining.
ALTER TABLE node
    ADD COLUMN member   text COLLATE "C",
    ADD COLUMN http     text COLLATE "C",
    ADD COLUMN protocol integer NOT NULL DEFAULT 1,
    ADD COLUMN draining boolean NOT NULL DEFAULT false,
    ADD COLUMN active   integer NOT NULL DEFAULT 0,
    ADD COLUMN moving   integer NOT NULL DEFAULT 0;

-- The name of the node that should have the tenant, whatever the hash says. A name, not an id: it outlives a restart.
ALTER TABLE tenant ADD COLUMN pinned_node text COLLATE "C";
CREATE INDEX tenant_pinned ON tenant (id) WHERE pinned_node IS NOT NULL;

-- Makes the node the tenant's owner in a new epoch. Locks in the order tenant, node; waits for a group in flight.
--
-- An owner whose lease is over by this clock is still the owner unless the taker has watched it to be dead: a step of this
-- clock ends leases, but not the nodes that hold them. Null for the dead: the clock is enough, because the taker knows
-- otherwise that nobody else is alive.
DROP FUNCTION take(uuid, uuid);
CREATE FUNCTION take(the_tenant uuid, taker uuid, dead uuid[]) RETURNS bigint
    LANGUAGE plpgsql AS $$
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
        IF owner_until > clock_timestamp()
            OR (owner_until IS NOT NULL AND dead IS NOT NULL AND NOT present.owner_node = ANY (dead)) THEN
            RAISE EXCEPTION USING ERRCODE = 'NX005',
                MESSAGE = format('node %s owns tenant %s', present.owner_node, the_tenant),
                DETAIL = present.owner_node::text;
        END IF;
    END IF;
    UPDATE tenant t SET owner_node = taker, owner_epoch = t.owner_epoch + 1 WHERE t.id = the_tenant;
    RETURN present.owner_epoch + 1;
END $$;

-- Enters a node, or returns the leases that forbid it. One at a time: two that start at once see each other.
-- A lease that ended long ago goes, but not while its node owns a tenant: a missing row means that nobody owns it.
CREATE OR REPLACE FUNCTION join_node(newcomer uuid, newcomer_name text, newcomer_mode text, term interval)
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
    DELETE FROM node n
    WHERE n.lease_until < clock_timestamp() - interval '1 day'
      AND NOT EXISTS (SELECT FROM tenant t WHERE t.owner_node = n.id);
    INSERT INTO node (id, name, mode, lease_until)
    VALUES (newcomer, newcomer_name, newcomer_mode, clock_timestamp() + term);
END $$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA nexus TO nexus_app;
