package nexus.tenant;

import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.TenantStore;
import org.jspecify.annotations.Nullable;

/**
 * A proof of a tenant's audit log on its way along the {@link AuditChain}, entry by entry, up to the first that is not as it
 * was written. Three things are compared besides the hashes: an entry's row with its own text (a row that was moved bears
 * another number), the end of the rows with the end that the tenant's row tells, and the chain with what the actor remembers
 * of it, which nobody can edit in the database.
 */
final class AuditProof {
    private static final String MISSING = "the entry is missing";

    private final TenantId tenant;
    private final long remembered;
    private final ContentHash rememberedHash;
    /** The hash that the first entry must have, if the proof begins at one that is known; then it is the first one taken. */
    private @Nullable ContentHash known;

    private long proved;
    private ContentHash hash;
    private long last;
    private boolean over;
    private @Nullable Long fault;
    private @Nullable String reason;

    AuditProof(TenantId tenant, Fetch.AuditProof proof) {
        this.tenant = tenant;
        this.remembered = proof.last();
        this.rememberedHash = proof.head();
        this.last = proof.last();
        this.known = proof.query().hash();
        this.proved = Math.max(0, proof.query().after() - 1);
        this.hash = AuditChain.start(tenant);
    }

    /** The number of the entry to look at next. */
    long next() {
        return proved + 1;
    }

    boolean isOver() {
        return over;
    }

    /** Looks at the next entries; fewer than {@code asked} are the last ones. */
    void take(TenantStore.AuditLinks links, int asked) {
        last = links.last();
        for (AuditEntry entry : links.entries()) {
            if (!isRight(entry)) {
                over = true;
                return;
            }
        }
        if (links.entries().size() < asked) {
            over = true;
            end(links);
        }
    }

    private boolean isRight(AuditEntry entry) {
        if (entry.sequence() != next()) {
            return fault(next(), MISSING);
        }
        if (entry.sequence() > last) {
            return fault(entry.sequence(), "the entry is behind the log's end: it was added");
        }
        if (!entry.line().startsWith(AuditLine.beginning(entry.sequence(), entry.at()))) {
            return fault(entry.sequence(), "the entry's text bears another number or time: it was moved or edited");
        }
        if (known != null) {
            if (!known.equals(entry.hash())) {
                return fault(entry.sequence(), "the entry has not the hash that is known of it");
            }
            known = null;
        } else if (!AuditChain.next(hash, entry.line()).equals(entry.hash())) {
            return fault(
                    entry.sequence(),
                    "the entry's hash does not follow from the one before it and its text: it was edited");
        }
        ContentHash found = entry.hash();
        if (found == null || entry.sequence() == remembered && !found.equals(rememberedHash)) {
            return fault(entry.sequence(), "the entry has not the hash that its writer remembers");
        }
        proved = entry.sequence();
        hash = found;
        return true;
    }

    private void end(TenantStore.AuditLinks links) {
        if (proved < Math.max(links.last(), remembered) || known != null) {
            fault(next(), MISSING);
        } else if (!hash.equals(links.head())) {
            fault(proved, "the log's end has not the hash that the tenant's row tells");
        }
    }

    private boolean fault(long entry, String what) {
        fault = entry;
        reason = what;
        return false;
    }

    Reply.AuditVerdict verdict() {
        return new Reply.AuditVerdict(tenant, AuditChain.start(tenant), proved, hash, last, fault, reason);
    }
}
