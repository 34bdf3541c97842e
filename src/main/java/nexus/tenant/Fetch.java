package nexus.tenant;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import nexus.kernel.ContentHash;
import nexus.kernel.ZoneName;
import nexus.store.Registry;
import nexus.store.ShareRecord;
import nexus.store.TenantStore;
import org.jspecify.annotations.Nullable;

/**
 * What a query, already permitted, still needs from the database, as data: the core decides, the {@link Fetcher}
 * fetches and forms the answer. What was permitted stays permitted while it is fetched: the query is answered as of
 * the moment when it was judged, or later.
 */
sealed interface Fetch {
    /** One path of a batch: judged already, with the problem that it got. */
    record Target(String wire, @Nullable String relative, Reply.@Nullable StatResult known) {}

    /** The entries at these paths. */
    record Stats(List<Target> targets) implements Fetch {}

    /** The content of a file or of a retained version of it. */
    record File(String wire, String relative, @Nullable Long version) implements Fetch {}

    /** The retained versions of a file. */
    record Versions(String wire, String relative) implements Fetch {}

    /** A page of a listing; the control entries are merged into it. */
    record Listing(
            TenantStore.FileRange range,
            List<Reply.FileInfo> control,
            @Nullable Integer pageSize) implements Fetch {}

    /** All tenants, a page. */
    record Tenants(@Nullable ZoneName after, int limit) implements Fetch {}

    /** Tenants with their records, a page and one more. */
    record Records(Registry.Search search) implements Fetch {}

    /** All tuples that match. */
    record Tuples(TenantStore.TupleQuery query) implements Fetch {}

    /** What is in the folder of a tenant's shares: the wire paths there, what they lead to, and the notes. */
    record SharedListing(
            Map<String, String> entries,
            List<Reply.FileInfo> notes,
            boolean recursive,
            @Nullable String prefix,
            @Nullable String after,
            @Nullable Integer pageSize)
            implements Fetch {}

    /** Live shares with others and, by the query, what is shared within the tenant. */
    record Shares(List<ShareRecord> shares, TenantStore.TupleQuery within, Instant now, int limit, int offset)
            implements Fetch {}

    /** The whole audit log as a file's content. */
    record AuditContent(Reply.FileInfo info) implements Fetch {}

    /**
     * A page of the audit log.
     *
     * @param last the number of the last committed entry when the query was judged
     */
    record AuditPage(TenantRequest.ListAudit query, long last) implements Fetch {}

    /**
     * A proof of the audit log's chain.
     *
     * @param last the number of the last committed entry when the query was judged
     * @param head its hash, as the actor remembers it
     */
    record AuditProof(TenantRequest.VerifyAudit query, long last, ContentHash head) implements Fetch {}

    /** The entry at a path, to judge a write that is to come. */
    record BeforeWrite(Principal principal, String wire, String relative, long size) implements Fetch {}
}
