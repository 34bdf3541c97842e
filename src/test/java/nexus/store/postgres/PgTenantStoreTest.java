package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.content;
import static nexus.store.postgres.StoreFixture.tuple;
import static nexus.store.postgres.StoreFixture.version;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nexus.kernel.KeyId;
import nexus.kernel.ZoneName;
import nexus.lifecycle.TenantStatus;
import nexus.quota.Plan;
import nexus.quota.QuotaOverrides;
import nexus.quota.Usage;
import nexus.rebac.tuple.RelationTuple;
import nexus.store.AuditChain;
import nexus.store.BlobPlace;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileEntry.RetainedVersion;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.TenantRecord;
import nexus.store.TenantSnapshot;
import nexus.store.TenantStore.AuditFilter;
import nexus.store.TenantStore.AuditRange;
import nexus.store.TenantStore.FileRange;
import nexus.store.TenantStore.FolderTotals;
import nexus.store.TupleRow;
import nexus.store.UserRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PgTenantStoreTest {
    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @Test
    void loadsWhatAGroupStored() {
        StoreFixture.Owned acme = fixture.tenant("acme");
        GroupBuilder group = acme.next();
        group.at = T0.plusMillis(1);
        group.usage = new Usage(3, 4, 5);
        Map<String, String> members = new LinkedHashMap<>();
        members.put("z", "{\"a\": 1.0}");
        members.put("a", "[\"\\u0000\", \"\u00e9\", null]");
        group.record = new TenantRecord(
                acme.id,
                new ZoneName("acme"),
                "Acme \"GmbH\"",
                Plan.PRO,
                TenantStatus.TRIAL,
                "because",
                T0.plusSeconds(99),
                null,
                new QuotaOverrides(7L, null, Long.MAX_VALUE),
                3,
                members,
                Map.of("x", "1"),
                T0,
                2);
        TupleRow lasting = tuple("/a", "viewer", "alice");
        TupleRow expiring = new TupleRow(
                tuple("/a", "editor", "bob").id(), tuple("/a", "editor", "bob").tuple(), T0, T0.plusSeconds(5));
        group.tuplesPut.addAll(List.of(lasting, expiring));
        KeyRecord key = new KeyRecord(
                new KeyId(fixture.ids.next()),
                new byte[] {1, 0, -1},
                "laptop",
                "alice",
                "user",
                "alice",
                false,
                true,
                T0,
                T0.plusSeconds(10),
                null,
                null);
        group.keysPut.add(key);
        group.usersPut.add(new UserRecord("user:alice", false, T0, "alice@example.com", "Alice \"A\""));
        group.audited(AuditChain.start(group.tenant), 1, "{\"op\":\"\u00fc\"}");
        group.audited(AuditChain.start(group.tenant), 2, "{}");
        group.replies = new byte[] {1, 2, 3};
        acme.commit(group);

        Map<RelationTuple, Instant> tuples = new HashMap<>();
        TenantSnapshot loaded =
                await(fixture.store.take(acme.id, fixture.node, (tuple, expiry) -> tuples.put(tuple, expiry)));
        assertEquals(group.record, loaded.record());
        assertEquals(
                List.copyOf(members.keySet()),
                List.copyOf(loaded.record().members().keySet()));
        assertEquals(acme.epoch.value() + 1, loaded.epoch().value());
        assertEquals(1, loaded.revision());
        assertEquals(T0.plusMillis(1), loaded.lastAt());
        assertEquals(new Usage(3, 4, 5), loaded.usage());
        assertEquals(2, loaded.auditSequence());
        assertEquals(12 + 3, loaded.auditBytes());
        assertEquals(group.audit.get(1).hash(), loaded.auditHead());
        assertEquals(key.toString(), loaded.keys().get(0).toString());
        assertArrayEquals(key.secretHash(), loaded.keys().get(0).secretHash());
        assertEquals(key.expiresAt(), loaded.keys().get(0).expiresAt());
        assertEquals(group.usersPut, loaded.users());
        assertEquals(1, loaded.outcomes().size());
        assertArrayEquals(new byte[] {1, 2, 3}, loaded.outcomes().get(0).replies());
        Map<RelationTuple, Instant> expected = new HashMap<>();
        expected.put(lasting.tuple(), null);
        expected.put(expiring.tuple(), expiring.expiresAt());
        assertEquals(expected, tuples);
        assertEquals(group.audit, await(fixture.store.audit(acme.id, audit(1))));
        assertEquals(group.audit.subList(1, 2), await(fixture.store.audit(acme.id, audit(2))));
        assertEquals(Optional.of(expiring), await(fixture.store.tuple(acme.id, expiring.id())));
    }

    private static AuditRange audit(long from) {
        return new AuditRange(from, 100, false, AuditFilter.ALL, 10);
    }

    @Test
    void keepsFilesVersionsAndContents() {
        StoreFixture.Owned acme = fixture.tenant("files");
        FileEntry folder = fixture.directory("/docs");
        FileEntry first = fixture.file("/docs/a.txt", content("one"));
        Content.Stored large = new Content.Stored(content("large").hash(), 1_000_000, new BlobPlace("place-1"));
        FileEntry second = fixture.file("/docs/b.bin", large);
        GroupBuilder group = acme.next().put(folder, first, second);
        group.versionsPut.addAll(List.of(version(first), version(second)));
        group.blobsPut.addAll(List.of(content("one"), large));
        acme.commit(group);

        FileEntry again = StoreFixture.file(first.id(), "/docs/a.txt", 2, content("two"));
        GroupBuilder next = acme.next().put(again);
        next.versionsPut.add(new FileVersion(again.id(), 2, 3, again.contentHash(), T0, "user:bob", "append", 1L));
        next.blobsPut.add(content("two"));
        acme.commit(next);

        List<FileEntry> found =
                await(fixture.store.entries(acme.id, List.of("/docs/a.txt", "/docs", "/docs/none", "/docs/b.bin")));
        assertEquals(3, found.size());
        FileEntry entry = found.stream()
                .filter(e -> e.id().equals(first.id()))
                .findFirst()
                .orElseThrow();
        assertEquals(
                List.of(
                        new RetainedVersion(1, 3, content("one").hash()),
                        new RetainedVersion(2, 3, content("two").hash())),
                entry.retained());
        assertEquals(2, entry.version());
        assertEquals(
                next.versionsPut.get(0),
                await(fixture.store.versions(acme.id, first.id())).get(0));
        assertEquals(new FolderTotals(3, 2, 1_000_006, 2, 10), await(fixture.store.folderTotals(acme.id, "/")));
        assertEquals(new FolderTotals(2, 2, 1_000_006, 1, 6), await(fixture.store.folderTotals(acme.id, "/docs")));
        assertEquals(new FolderTotals(0, 0, 0, 0, 0), await(fixture.store.folderTotals(acme.id, "/doc")));
        assertEquals(Optional.of(large), await(fixture.store.content(acme.id, large.hash())));
        Content small =
                await(fixture.store.content(acme.id, content("one").hash())).orElseThrow();
        assertArrayEquals(content("one").bytes(), ((Content.Inline) small).bytes());
        assertEquals(
                Optional.empty(),
                await(fixture.store.content(acme.id, content("none").hash())));
        List<FileEntry> all =
                await(fixture.store.list(acme.id, new FileRange(List.of("/"), "/", false, null, null, 10)));
        assertEquals(
                List.of("/docs", "/docs/a.txt", "/docs/b.bin"),
                all.stream().map(FileEntry::path).toList());
        assertEquals(
                List.of("/docs"),
                await(fixture.store.list(acme.id, new FileRange(List.of("/"), "/", true, null, null, 10))).stream()
                        .map(FileEntry::path)
                        .toList());
    }
}
