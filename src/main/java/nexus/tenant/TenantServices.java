package nexus.tenant;

import nexus.kernel.Ids;
import nexus.kernel.NodeId;
import nexus.rebac.schema.AuthorizationModel;
import nexus.store.BlobStore;
import nexus.store.Registry;
import nexus.store.TenantStore;

/** What every actor of a node works with. */
public record TenantServices(
        NodeId node,
        TenantStore store,
        Registry registry,
        BlobStore blobs,
        AuthorizationModel model,
        NodeTime time,
        Ids ids,
        Telemetry telemetry,
        TenantOptions options) {}
