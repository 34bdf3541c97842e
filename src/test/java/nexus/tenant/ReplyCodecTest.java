package nexus.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.KeyId;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.KeyRecord;
import org.junit.jupiter.api.Test;

/** Remembered replies: what one version wrote, the next one reads. */
class ReplyCodecTest {
    private static final Instant TIME = Instant.parse("2026-02-14T03:04:05.123456Z");
    private static final TenantId TENANT = new TenantId(new UUID(1, 2));
    private static final ZoneName ACME = new ZoneName("acme");
    private static final byte[] SECRET_HASH = {0x5e, 0x5e, 0x5e, 0x5e};

    private static final Map<String, Reply> REPLIES = new LinkedHashMap<>();

    static {
        // The bytes after the id of the command, as the version of their time wrote them.
        REPLIES.put("00", Reply.Done.DONE);
        REPLIES.put("0101", new Reply.Flag(true));
        REPLIES.put(
                "02" + "00000001" + "00022f61" + "00" + "0000000000000003" + "0000000000000005" + "01" + "00026162"
                        + "00" + "01" + "00000000698fe625" + "075bca00" + "000a757365723a616c696365",
                new Reply.Written(List.of(new Reply.FileInfo("/a", false, 3, 5, "ab", null, TIME, "user:alice"))));
        REPLIES.put("03" + "000174" + "000000000000000c", new Reply.Granted("t", 12));
        REPLIES.put(
                "05" + "0000000000000001" + "0000000000000002" + "000461636d65" + "0003626f62" + "01" + "0003624078"
                        + "00" + "01" + "01" + "0000000000000005" + "0000000000000006" + "00022f75" + "00000001"
                        + "00022f75" + "00000001" + "000142" + "00000001" + "00042f752f42",
                new Reply.Provisioned(
                        TENANT,
                        ACME,
                        "bob",
                        "b@x",
                        null,
                        true,
                        new KeyId(new UUID(5, 6)),
                        "/u",
                        List.of("/u"),
                        List.of("B"),
                        List.of("/u/B")));
        REPLIES.put(
                "05" + "0000000000000001" + "0000000000000002" + "000461636d65" + "0003626f62" + "00" + "01"
                        + "0003426f62" + "00" + "00" + "00022f75" + "00000000" + "00000000" + "00000000",
                new Reply.Provisioned(
                        TENANT, ACME, "bob", null, "Bob", false, null, "/u", List.of(), List.of(), List.of()));
        REPLIES.put(
                "06" + "000461636d65" + "0003626f62" + "01" + "00022f75" + "00000003" + "00000002" + "00000001" + "01",
                new Reply.Deprovisioned(ACME, "bob", "/u", 3, 2, 1, true));
        REPLIES.put(
                "06" + "000461636d65" + "0003626f62" + "00" + "00000000" + "00000000" + "00000000" + "00",
                new Reply.Deprovisioned(ACME, "bob", null, 0, 0, 0, false));
        String tenant = "0000000000000001" + "0000000000000002" + "000461636d65" + "0000000000000003" + "00000006"
                + "7b22c3a4227d";
        Reply.Tenant record = new Reply.Tenant(TENANT, ACME, 3, "{\"ä\"}");
        REPLIES.put("07" + tenant, record);
        REPLIES.put(
                "08" + tenant + "0003626f62" + "0000000000000005" + "0000000000000006",
                new Reply.Onboarded(record, "bob", new KeyId(new UUID(5, 6))));
        REPLIES.put("09" + "0101", new Reply.Replayed(new Reply.Flag(true)));
    }

    private static final CommandId COMMAND = new CommandId(new UUID(7, 8));
    private static final String BEFORE = "01" + "00000001" + "0000000000000007" + "0000000000000008";

    @Test
    void theBytesAreWhatTheyWere() {
        REPLIES.forEach((hex, reply) -> {
            byte[] bytes = ReplyCodec.encode(Map.of(COMMAND, reply));
            assertEquals(BEFORE + hex, HexFormat.of().formatHex(bytes), reply.toString());
            Map<CommandId, Reply> read = ReplyCodec.decode(HexFormat.of().parseHex(BEFORE + hex));
            assertEquals(Map.of(COMMAND, reply), read);
        });
    }

    @Test
    void keysKeepAllButTheirHash() {
        KeyRecord key = new KeyRecord(
                new KeyId(new UUID(5, 6)), SECRET_HASH, "n", "bob", "agent", "bot", true, true, TIME, TIME, null, TIME);
        byte[] bytes = ReplyCodec.encode(Map.of(COMMAND, new Reply.Keys(TENANT, null, List.of(key), 3)));
        assertFalse(HexFormat.of().formatHex(bytes).contains("5e5e5e5e"));
        Reply.Keys read = (Reply.Keys) ReplyCodec.decode(bytes).get(COMMAND);
        assertEquals(3, read.total());
        KeyRecord back = read.keys().get(0);
        assertEquals(
                new KeyRecord(key.id(), new byte[0], "n", "bob", "agent", "bot", true, true, TIME, TIME, null, TIME),
                back);
        assertEquals(
                Arrays.asList("n", "bob", "agent:bot", true, true, TIME, TIME, null, TIME),
                Arrays.asList(
                        back.name(),
                        back.userId(),
                        back.subject(),
                        back.systemAdministrator(),
                        back.external(),
                        back.createdAt(),
                        back.expiresAt(),
                        back.revokedAt(),
                        back.lastUsedAt()));
    }

    @Test
    void severalRepliesKeepTheirCommands() {
        Map<CommandId, Reply> all = new LinkedHashMap<>();
        REPLIES.values().forEach(reply -> all.put(new CommandId(new UUID(9, all.size())), reply));
        assertEquals(all, ReplyCodec.decode(ReplyCodec.encode(all)));
    }

    @Test
    void repliesOfQueriesAndOtherVersionsAreOurBugs() {
        assertThrows(
                IllegalStateException.class,
                () -> ReplyCodec.encode(Map.of(COMMAND, new Reply.Checks(new boolean[0]))));
        assertThrows(IllegalStateException.class, () -> ReplyCodec.decode(new byte[] {2, 0, 0, 0, 0}));
        assertThrows(
                IllegalStateException.class,
                () -> ReplyCodec.decode(HexFormat.of().parseHex(BEFORE + "63")));
    }
}
