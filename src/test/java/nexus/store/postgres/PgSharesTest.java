package nexus.store.postgres;

import static nexus.store.postgres.StoreFixture.T0;
import static nexus.store.postgres.StoreFixture.await;
import static nexus.store.postgres.StoreFixture.share;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.ShareRecord;
import nexus.store.StoreException.Reason;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The rows of shares: what a group stores an activation loads, and they end with either tenant. */
class PgSharesTest {
    private static StoreFixture fixture;

    @BeforeAll
    static void open() {
        fixture = new StoreFixture();
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static List<ShareRecord> loaded(StoreFixture.Owned tenant) {
        return await(fixture.store.take(tenant.id, fixture.node, (tuple, expiry) -> {}))
                .shares();
    }

    private static String count(StoreFixture.Owned source) {
        return fixture.rows("SELECT count(*) FROM nexus.share WHERE tenant_id = '" + source.id.value() + "'")
                .get(0);
    }

    @Test
    void loadsWhatAGroupStored() {
        StoreFixture.Owned acme = fixture.tenant("stored-acme");
        StoreFixture.Owned beta = fixture.tenant("stored-beta");
        ShareRecord plain = share(fixture.ids.next(), beta.id, "stored-beta", "/plans/q3.txt");
        ShareRecord full = new ShareRecord(
                fixture.ids.next(),
                beta.id,
                new ZoneName("stored-beta"),
                "group",
                "eng",
                "q3 (2).txt",
                null,
                "can_write",
                true,
                "share_1.5",
                T0,
                "user:alice",
                T0.plusSeconds(9));
        GroupBuilder group = acme.next();
        group.sharesPut.addAll(List.of(plain, full));
        acme.commit(group);
        GroupBuilder change = acme.next();
        change.sharesPut.add(full.movedTo("/elsewhere").renewed("editor", null));
        change.sharesRemoved.add(plain.id());
        acme.commit(change);
        assertEquals(List.of(full.movedTo("/elsewhere").renewed("editor", null)), loaded(acme));
        assertEquals(List.of(), loaded(beta));
    }

    /** What is removed and put in one group is there: the note of a share was written again. */
    @Test
    void removesBeforeItPuts() {
        StoreFixture.Owned acme = fixture.tenant("again-acme");
        StoreFixture.Owned beta = fixture.tenant("again-beta");
        ShareRecord one = share(fixture.ids.next(), beta.id, "again-beta", "/a");
        GroupBuilder group = acme.next();
        group.sharesPut.add(one);
        acme.commit(group);
        GroupBuilder again = acme.next();
        again.sharesRemoved.add(one.id());
        again.sharesPut.add(one.movedTo("/b"));
        acme.commit(again);
        assertEquals(List.of(one.movedTo("/b")), loaded(acme));
    }

    @Test
    void endWithTheTenantThatTheyAreFor() {
        StoreFixture.Owned acme = fixture.tenant("ends-acme");
        StoreFixture.Owned beta = fixture.tenant("ends-beta");
        GroupBuilder group = acme.next();
        group.sharesPut.add(share(fixture.ids.next(), beta.id, "ends-beta", "/a"));
        acme.commit(group);
        GroupBuilder end = beta.next();
        end.tombstone = true;
        beta.commit(end);
        // The name is free, and a tenant that takes it is another one.
        fixture.tenant("ends-beta");
        assertEquals(List.of(), loaded(acme));
        while (!await(fixture.store.purge(beta.id, 1000))) {
            // Slice by slice.
        }
        await(fixture.registry.forget(beta.id));
        assertEquals("0", count(acme));
    }

    @Test
    void endWithTheTenantThatShares() {
        StoreFixture.Owned acme = fixture.tenant("gone-acme");
        StoreFixture.Owned beta = fixture.tenant("gone-beta");
        GroupBuilder group = acme.next();
        group.sharesPut.add(share(fixture.ids.next(), beta.id, "gone-beta", "/a"));
        acme.commit(group);
        GroupBuilder end = acme.next();
        end.tombstone = true;
        acme.commit(end);
        while (!await(fixture.store.purge(acme.id, 1000))) {
            // Slice by slice.
        }
        assertEquals("0", count(acme));
    }

    /** A share with a tenant that there is not is never stored, whatever the actor believed. */
    @Test
    void needATenantThatThereIs() {
        StoreFixture.Owned acme = fixture.tenant("alone-acme");
        GroupBuilder group = acme.next();
        group.sharesPut.add(share(fixture.ids.next(), new TenantId(fixture.ids.next()), "alone-nobody", "/a"));
        assertEquals(Reason.FAILED, StoreFixture.reason(fixture.store.commit(group.build())));
        assertEquals("0", count(acme));
    }
}
