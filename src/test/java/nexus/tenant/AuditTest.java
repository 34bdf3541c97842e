package nexus.tenant;

import static nexus.tenant.ActorFixture.ALICE;
import static nexus.tenant.ActorFixture.MALLORY;
import static nexus.tenant.ActorFixture.START;
import static nexus.tenant.ActorFixture.TENANT;
import static nexus.tenant.ActorFixture.path;
import static nexus.tenant.ActorFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import nexus.e2e.Await;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.WorkspacePath;
import nexus.lifecycle.TenantStatus;
import nexus.store.AuditChain;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.TenantStore.AuditFilter;
import nexus.store.TenantStore.AuditLinks;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The audit log as its readers have it: pages, filters, proofs, and that every denial is in it. */
class AuditTest {
    private ActorFixture acme;

    @BeforeEach
    void open() throws Exception {
        acme = new ActorFixture();
    }

    @AfterEach
    void close() {
        acme.close();
    }

    // ---- pages and filters
    // -------------------------------------------------------------------------------------------

    private static TenantRequest.ListAudit list(
            AuditFilter filter, boolean newestFirst, @Nullable Long after, int limit) {
        return new TenantRequest.ListAudit(filter, null, null, newestFirst, after, limit);
    }

    private Reply.AuditPage page(TenantRequest.ListAudit request) throws Exception {
        return (Reply.AuditPage) acme.call(ALICE, request);
    }

    private static List<Long> numbers(Reply.AuditPage page) {
        return page.entries().stream().map(AuditEntry::sequence).toList();
    }

    private void writes(int count) throws Exception {
        for (int i = 1; i <= count; i++) {
            acme.call(ALICE, write("/f" + i, "x"));
        }
    }

    @Test
    void pagesGoBothWaysAndDoNotMoveUnderWrites() throws Exception {
        writes(5);
        Reply.AuditPage newest = page(list(AuditFilter.ALL, true, null, 2));
        assertEquals(List.of(5L, 4L), numbers(newest));
        writes(2);
        Reply.AuditPage next = page(list(AuditFilter.ALL, true, newest.next(), 2));
        assertEquals(List.of(3L, 2L), numbers(next));
        Reply.AuditPage end = page(list(AuditFilter.ALL, true, next.next(), 2));
        assertEquals(List.of(1L), numbers(end));
        assertNull(end.next());

        Reply.AuditPage oldest = page(list(AuditFilter.ALL, false, null, 6));
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L), numbers(oldest));
        Reply.AuditPage last = page(list(AuditFilter.ALL, false, oldest.next(), 6));
        assertEquals(List.of(7L), numbers(last));
        assertNull(last.next());
        assertNull(page(list(AuditFilter.ALL, false, null, 7)).next(), "a full page that is the last one");
    }

    @Test
    void filtersByKindActionUserPathAndTime() throws Exception {
        acme.call(ALICE, write("/a/1", "x"));
        acme.call(ALICE, write("/b/1", "x"));
        acme.call(ALICE, new TenantRequest.AppendAudit(List.of("{\"kind\":\"change\",\"user\":\"user:mallory\"}")));
        acme.callAsSystem(write("/a/2", "x"));
        acme.call(ALICE, new TenantRequest.DeleteFile(path("/a/1")));

        assertEquals(
                List.of(3L), numbers(page(list(new AuditFilter("application", null, null, null), false, null, 9))));
        assertEquals(List.of(5L), numbers(page(list(new AuditFilter(null, "delete", null, null), false, null, 9))));
        assertEquals(
                List.of(4L), numbers(page(list(new AuditFilter(null, null, "service:server", null), false, null, 9))));
        assertEquals(List.of(5L, 4L, 1L), numbers(page(list(new AuditFilter(null, null, null, "/a"), true, null, 9))));
        assertEquals(
                List.of(1L, 5L),
                numbers(page(list(new AuditFilter("change", null, "user:alice", "/a/"), false, null, 9))));

        Instant third = acme.store.audit.get(2).at();
        assertEquals(
                List.of(3L, 4L, 5L),
                numbers(page(new TenantRequest.ListAudit(AuditFilter.ALL, third, null, false, null, 9))));
        assertEquals(
                List.of(2L, 1L),
                numbers(page(new TenantRequest.ListAudit(AuditFilter.ALL, null, third, true, null, 9))));
        assertEquals(
                List.of(), numbers(page(new TenantRequest.ListAudit(AuditFilter.ALL, third, third, true, null, 9))));
    }

    /** A filter that wants little must not read the whole log for one page: it stops, and says that there is more. */
    @Test
    void aPageLooksThroughAWindowAndGoesOn() throws Exception {
        long more = Limits.AUDIT_SCANNED + 5L;
        List<AuditEntry> audit = acme.store.audit;
        synchronized (acme.store) {
            ContentHash head = AuditChain.start(TENANT);
            audit.clear();
            for (long i = 1; i <= more; i++) {
                String line = AuditLine.beginning(i, START) + "\"kind\":\"" + (i == 1 ? "denial" : "change") + "\"}";
                AuditEntry entry = AuditEntry.following(head, i, START, line);
                head = AuditChain.next(head, line);
                audit.add(entry);
            }
        }
        acme.deploy(false);
        AuditFilter denials = new AuditFilter("denial", null, null, null);
        Reply.AuditPage empty = page(list(denials, true, null, 10));
        assertEquals(List.of(), numbers(empty));
        assertEquals(6L, empty.next());
        Reply.AuditPage found = page(list(denials, true, empty.next(), 10));
        assertEquals(List.of(1L), numbers(found));
        assertNull(found.next());
    }

    @Test
    void limitsAndPermissionsAreJudged() throws Exception {
        writes(1);
        assertEquals(
                ProblemCode.INVALID_REQUEST,
                acme.code(ALICE, list(AuditFilter.ALL, true, null, Limits.AUDIT_PAGE + 1)));
        assertEquals(ProblemCode.INVALID_REQUEST, acme.code(ALICE, list(AuditFilter.ALL, true, null, 0)));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, list(AuditFilter.ALL, true, null, 1)));
        assertEquals(ProblemCode.FORBIDDEN, acme.code(MALLORY, new TenantRequest.VerifyAudit(0, null)));
        assertEquals(ProblemCode.INVALID_REQUEST, acme.code(ALICE, new TenantRequest.VerifyAudit(1, null)));
        ContentHash hash = acme.store.audit.get(0).hash();
        assertEquals(ProblemCode.INVALID_REQUEST, acme.code(ALICE, new TenantRequest.VerifyAudit(0, hash)));
        assertEquals(ProblemCode.INVALID_REQUEST, acme.code(ALICE, new TenantRequest.VerifyAudit(-1, hash)));
    }

    @Test
    void theLogAsAFileBearsTheHashesAndHasTheSizeThatItTells() throws Exception {
        writes(2);
        WorkspacePath log = path(WorkspacePath.AUDIT_LOG);
        Reply.FileContent content = (Reply.FileContent) acme.call(ALICE, new TenantRequest.ReadFile(log, null));
        byte[] bytes = ((Content.Inline) content.content()).bytes();
        assertEquals(content.info().size(), bytes.length);
        StringBuilder expected = new StringBuilder();
        acme.store.audit.forEach(entry -> expected.append(entry.rendered()).append('\n'));
        assertEquals(expected.toString(), new String(bytes, StandardCharsets.UTF_8));
        assertTrue(expected.toString().contains(",\"hash\":\""), expected.toString());
    }

    // ---- proofs
    // ------------------------------------------------------------------------------------------------------

    private Reply.AuditVerdict proof(long after, @Nullable ContentHash hash) throws Exception {
        return (Reply.AuditVerdict) acme.call(ALICE, new TenantRequest.VerifyAudit(after, hash));
    }

    private AuditEntry entry(int number) {
        synchronized (acme.store) {
            return acme.store.audit.get(number - 1);
        }
    }

    private static ContentHash hash(AuditEntry entry) {
        ContentHash hash = entry.hash();
        assertNotNull(hash);
        return hash;
    }

    @Test
    void anUntouchedLogIsProvedToItsEnd() throws Exception {
        assertEquals(
                new Reply.AuditVerdict(TENANT, AuditChain.start(TENANT), 0, AuditChain.start(TENANT), 0, null, null),
                proof(0, null));
        writes(5);
        Reply.AuditVerdict verdict = proof(0, null);
        assertEquals(
                new Reply.AuditVerdict(TENANT, AuditChain.start(TENANT), 5, hash(entry(5)), 5, null, null), verdict);
        assertEquals(verdict, proof(3, hash(entry(3))));
        assertEquals(verdict, proof(5, hash(entry(5))));
    }

    @Test
    void aLongLogIsProvedInParts() throws Exception {
        synchronized (acme.store) {
            ContentHash head = AuditChain.start(TENANT);
            for (long i = 1; i <= Limits.AUDIT_PROVED + 10L; i++) {
                String line = AuditLine.beginning(i, START) + "\"kind\":\"change\"}";
                head = AuditChain.next(head, line);
                acme.store.audit.add(new AuditEntry(i, START, line, head));
            }
        }
        acme.deploy(false);
        Reply.AuditVerdict part = proof(0, null);
        assertEquals(Limits.AUDIT_PROVED, part.proved());
        assertNull(part.fault());
        assertEquals(Limits.AUDIT_PROVED + 10, part.last());
        Reply.AuditVerdict whole = proof(part.proved(), part.hash());
        assertEquals(part.last(), whole.proved());
        assertNull(whole.fault());
    }

    /** What somebody does to the rows, and the number of the entry that the proof must name. */
    private void meddled(long fault, String reason, Consumer<List<AuditEntry>> meddling) throws Exception {
        acme.store.meddled = links -> {
            List<AuditEntry> entries = new ArrayList<>(links.entries());
            meddling.accept(entries);
            return new AuditLinks(entries, links.last(), links.head());
        };
        Reply.AuditVerdict verdict = proof(0, null);
        assertEquals(fault, verdict.fault(), String.valueOf(verdict));
        assertTrue(String.valueOf(verdict.reason()).contains(reason), String.valueOf(verdict));
        assertEquals(fault == verdict.proved() ? fault : fault - 1, verdict.proved(), "everything before it is proved");
        acme.store.meddled = links -> links;
        assertNull(proof(0, null).fault());
    }

    private static AuditEntry edited(AuditEntry entry) {
        return new AuditEntry(entry.sequence(), entry.at(), entry.line().replace("alice", "bob"), entry.hash());
    }

    @Test
    void anyMeddlingIsFoundWithItsNumber() throws Exception {
        writes(5);
        meddled(3, "edited", rows -> rows.set(2, edited(rows.get(2))));
        meddled(3, "missing", rows -> rows.remove(2));
        meddled(1, "missing", rows -> rows.remove(0));
        meddled(5, "missing", rows -> rows.remove(4));
        meddled(4, "missing", rows -> rows.subList(3, 5).clear());
        meddled(1, "missing", List::clear);
        meddled(
                6,
                "added",
                rows -> rows.add(AuditEntry.following(
                        hash(rows.get(4)), 6, START, AuditLine.beginning(6, START) + "\"kind\":\"change\"}")));
        meddled(2, "moved", rows -> {
            AuditEntry second = rows.get(1);
            AuditEntry third = rows.get(2);
            rows.set(1, new AuditEntry(2, third.at(), third.line(), third.hash()));
            rows.set(2, new AuditEntry(3, second.at(), second.line(), second.hash()));
        });
        // The time of the row alone: filters go by it.
        meddled(
                4,
                "time",
                rows -> rows.set(
                        3,
                        new AuditEntry(4, START, rows.get(3).line(), rows.get(3).hash())));
        meddled(
                4,
                "edited",
                rows -> rows.set(
                        3, new AuditEntry(4, rows.get(3).at(), rows.get(3).line(), null)));
        // With the hash of its own computed anew, the next one does not follow any more.
        meddled(3, "edited", rows -> {
            AuditEntry second = edited(rows.get(1));
            rows.set(1, AuditEntry.following(hash(rows.get(0)), 2, second.at(), second.line()));
        });
        // And with all of them computed anew the writer remembers another end.
        meddled(5, "remembers", rows -> {
            ContentHash head = hash(rows.get(0));
            for (int i = 1; i < rows.size(); i++) {
                AuditEntry forged = edited(rows.get(i));
                head = AuditChain.next(head, forged.line());
                rows.set(i, new AuditEntry(forged.sequence(), forged.at(), forged.line(), head));
            }
        });
    }

    @Test
    void anEndThatTheTenantsRowDoesNotTellIsFound() throws Exception {
        writes(2);
        acme.store.meddled = links -> new AuditLinks(links.entries(), links.last(), AuditChain.start(TENANT));
        Reply.AuditVerdict verdict = proof(0, null);
        assertEquals(2L, verdict.fault());
        assertTrue(String.valueOf(verdict.reason()).contains("tenant's row"), String.valueOf(verdict));
        // The end was cut off, and the tenant's row made to agree.
        AuditEntry first = entry(1);
        acme.store.meddled = links -> new AuditLinks(List.of(first), 1, hash(first));
        verdict = proof(0, null);
        assertEquals(2L, verdict.fault());
        assertTrue(String.valueOf(verdict.reason()).contains("missing"), String.valueOf(verdict));
    }

    @Test
    void whatIsKnownFromElsewhereMustBeThere() throws Exception {
        writes(3);
        Reply.AuditVerdict verdict = proof(2, hash(entry(3)));
        assertEquals(2L, verdict.fault());
        assertTrue(String.valueOf(verdict.reason()).contains("known"), String.valueOf(verdict));
        verdict = proof(9, hash(entry(3)));
        assertEquals(9L, verdict.fault());
        assertTrue(String.valueOf(verdict.reason()).contains("missing"), String.valueOf(verdict));
    }

    // ---- every denial
    // ------------------------------------------------------------------------------------------------

    private void awaitLine(String text) {
        Await.until(
                "the audit has " + text,
                Duration.ofSeconds(10),
                () -> {
                    synchronized (acme.store) {
                        return acme.store.audit.stream()
                                .anyMatch(entry -> entry.line().contains(text));
                    }
                },
                () -> {
                    synchronized (acme.store) {
                        return acme.store.audit.toString();
                    }
                });
    }

    @Test
    void anOperationForSystemKeysOnlyIsADenialOfItsOwnName() throws Exception {
        Problem refusal = acme.refusal(MALLORY, new TenantRequest.RequireSystem("drain_node"));
        assertEquals(ProblemCode.FORBIDDEN, refusal.code());
        awaitLine("\"kind\":\"denial\",\"action\":\"drain_node\",\"user\":\"user:mallory\"");
    }

    @Test
    void headersThatNameAnotherIdentityAreADenial() throws Exception {
        Ask ask = acme.ask(ALICE, new TenantRequest.WhoAmI());
        Ask lying = new Ask(
                ask.requestId(),
                ask.remote(),
                ask.command(),
                ask.credential(),
                new Claims("beta", null, null),
                null,
                ask.timeout(),
                ask.request());
        assertEquals(
                ProblemCode.FORBIDDEN,
                ActorFixture.refusal(acme.send(lying, null)).code());
        awaitLine("\"kind\":\"denial\",\"action\":\"whoami\",\"user\":\"user:alice\"");
    }

    @Test
    void aSuspendedTenantsRequestsAreDenials() throws Exception {
        acme.callAsSystem(new TenantRequest.UpdateRecord(
                new TenantRequest.RecordPatch(
                        null, null, null, null, TenantStatus.SUSPENDED, "unpaid", null, null, Map.of(), null, Map.of()),
                null,
                false));
        assertEquals(ProblemCode.TENANT_SUSPENDED, acme.code(ALICE, write("/a", "x")));
        awaitLine("\"kind\":\"denial\",\"action\":\"write\",\"user\":\"user:alice\"");
        assertEquals(ProblemCode.FORBIDDEN, acme.code(ALICE, new TenantRequest.RequireSystem("list_keys")));
        awaitLine("\"kind\":\"denial\",\"action\":\"list_keys\",\"user\":\"user:alice\"");
        // A large append is judged before its content is made, and again when it is decided: it is one denial.
        byte[] large = new byte[Limits.INLINE_CONTENT_BYTES + 1];
        assertEquals(
                ProblemCode.TENANT_SUSPENDED, acme.code(ALICE, new TenantRequest.AppendFile(path("/a"), large, null)));
        awaitLine("\"kind\":\"denial\",\"action\":\"append\",\"user\":\"user:alice\"");
        synchronized (acme.store) {
            assertTrue(
                    acme.store.audit.stream().noneMatch(entry -> entry.line().contains("\"count\"")),
                    acme.store.audit.toString());
        }
    }
}
