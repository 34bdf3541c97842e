package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import nexus.kernel.ContentHash;
import nexus.kernel.TenantId;
import nexus.store.BlobHome;
import nexus.store.BlobHomes;
import nexus.store.BlobName;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.StoreException.Reason;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PgBlobHomesTest {
    private static StoreFixture fixture;
    private static BlobHomes homes;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
        homes = new PgBlobHomes(fixture.database);
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    @Test
    void everyDatabaseIsBornWithAnIdOfItsOwn() {
        BlobHomes.Known known = await(homes.known());
        assertEquals(known.database(), await(homes.known()).database());
        try (StoreFixture other = new StoreFixture()) {
            assertNotEquals(
                    known.database(),
                    await(new PgBlobHomes(other.database).known()).database());
        }
    }

    @Test
    void theFirstRecordStays() {
        fixture.execute("UPDATE nexus.blob_home SET id = NULL, kind = NULL, description = NULL, recorded_at = NULL");
        assertEquals(null, await(homes.known()).home());
        List<BlobHome> offered = new ArrayList<>();
        List<Future<Void>> records = new ArrayList<>();
        for (BlobHome.Kind kind : BlobHome.Kind.values()) {
            for (int i = 0; i < 5; i++) {
                BlobHome home = new BlobHome(kind, fixture.ids.next(), kind + " " + i);
                offered.add(home);
                records.add(homes.record(home));
            }
        }
        await(Future.join(records));
        BlobHome recorded = await(homes.known()).home();
        assertEquals(true, offered.contains(recorded), String.valueOf(recorded));
        await(homes.record(new BlobHome(BlobHome.Kind.S3, new UUID(9, 9), "too late")));
        assertEquals(recorded, await(homes.known()).home());
    }

    @Test
    void thereIsOneRowForEver() {
        for (String sql : List.of("INSERT INTO blob_home DEFAULT VALUES", "DELETE FROM blob_home")) {
            assertEquals(
                    Reason.FAILED,
                    StoreFixture.reason(fixture.database.batch(TenantId.SYSTEM, List.of(Step.of(sql)))),
                    sql);
        }
    }

    @Test
    void findsAContentThatARowNames() {
        try (StoreFixture fresh = new StoreFixture()) {
            BlobHomes own = new PgBlobHomes(fresh.database);
            assertEquals(Optional.empty(), await(own.anyContent()));
            fresh.tenant("empty");
            StoreFixture.Owned owner = fresh.tenant("owner");
            GroupBuilder small = owner.next();
            FileEntry inline = fresh.file("/small", StoreFixture.content("in the row"));
            small.put(inline);
            small.versionsPut.add(StoreFixture.version(inline));
            small.blobsPut.add(StoreFixture.content("in the row"));
            owner.commit(small);
            assertEquals(Optional.empty(), await(own.anyContent()));

            ContentHash hash = ContentHash.of(new byte[] {1});
            Content.Stored large = new Content.Stored(hash, 100_000, new BlobName(hash, fresh.ids.next()).place());
            GroupBuilder group = owner.next();
            FileEntry file = fresh.file("/large", large);
            group.put(file);
            group.versionsPut.add(StoreFixture.version(file));
            group.blobsPut.add(large);
            owner.commit(group);
            fresh.tenant("later");
            assertEquals(Optional.of(new BlobHomes.Named(owner.id, large.place())), await(own.anyContent()));
        }
    }
}
