package nexus.bus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.ProblemCode;
import nexus.kernel.ProblemException;
import nexus.kernel.WorkspacePath;
import nexus.store.Content;
import nexus.store.KeyRecord;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The bytes between nodes: golden ones for every kind, random ones, and broken ones. */
class NodeCodecTest {
    private static final HexFormat HEX = HexFormat.of();
    private static final List<Class<?>> SEALED =
            List.of(NodeRequest.class, NodeReply.class, TenantRequest.class, Reply.class, Problem.class, Content.class);

    static <T> byte[] encode(NodeCodec<T> codec, T message) {
        Buffer buffer = Buffer.buffer();
        codec.encodeToWire(buffer, message);
        return buffer.getBytes();
    }

    // ---- golden bytes
    // ------------------------------------------------------------------------------------------------

    @Test
    void requestsHaveTheirGoldenBytes() {
        requireGolden("requests.1.hex", NodeCodec.requests(1), NodeMessages.requests());
    }

    @Test
    void repliesHaveTheirGoldenBytes() {
        requireGolden("replies.1.hex", NodeCodec.replies(1), NodeMessages.replies());
    }

    /** A new kind: add a message to {@link NodeMessages}, run the test, look at the line that it asks for, and add it. */
    private static <T> void requireGolden(String file, NodeCodec<T> codec, Map<String, T> messages) {
        Map<String, String> golden = golden(file);
        StringBuilder missing = new StringBuilder();
        messages.forEach((name, message) -> {
            String line = golden.get(name);
            String hex = HEX.formatHex(encode(codec, message));
            if (line == null) {
                missing.append(name).append(' ').append(hex).append('\n');
            } else {
                assertEquals(line, hex, name);
                byte[] bytes = HEX.parseHex(line);
                T decoded = codec.decodeFromWire(0, Buffer.buffer(bytes));
                assertEquals(Records.show(message), Records.show(decoded), name);
                assertArrayEquals(bytes, encode(codec, decoded), name);
            }
        });
        assertEquals("", missing.toString(), file + " has no line for these");
        assertEquals(messages.keySet(), golden.keySet(), "messages of the golden file");
    }

    private static Map<String, String> golden(String file) {
        try (InputStream in = NodeMessages.present(NodeCodecTest.class.getResourceAsStream(file))) {
            Map<String, String> lines = new LinkedHashMap<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n", -1)) {
                if (!line.isEmpty() && !line.startsWith("#")) {
                    String[] parts = line.split(" ", -1);
                    assertEquals(2, parts.length, line);
                    assertEquals(null, lines.put(parts[0], parts[1]), "twice: " + parts[0]);
                }
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void goldenMessagesHoldEveryKindEveryConstantAndEveryOptionalMember() {
        Seen seen = new Seen();
        NodeMessages.requests().values().forEach(seen::look);
        NodeMessages.replies().values().forEach(seen::look);

        Set<String> missing = new TreeSet<>();
        for (Class<?> sealed : SEALED) {
            for (Class<?> kind : Records.kinds(sealed)) {
                if (!seen.records.contains(kind)) {
                    missing.add(kind.getName());
                }
            }
        }
        for (Class<?> type : seen.enums) {
            for (Object constant : type.getEnumConstants()) {
                if (!seen.constants.contains(constant)) {
                    missing.add(type.getName() + "." + constant);
                }
            }
        }
        for (Class<?> record : seen.records) {
            for (RecordComponent component : record.getRecordComponents()) {
                if (RandomMessages.isNullable(component)) {
                    Set<Boolean> nulls = seen.nulls.getOrDefault(record + "." + component.getName(), Set.of());
                    for (boolean isNull : new boolean[] {true, false}) {
                        if (!nulls.contains(isNull)) {
                            missing.add(record + "." + component.getName() + (isNull ? " null" : " with a value"));
                        }
                    }
                }
            }
        }
        assertEquals(Set.of(), missing);
        assertTrue(seen.records.size() > 50, "the records were looked at: " + seen.records.size());
        assertTrue(seen.nulls.size() > 30, "the optional members were looked at: " + seen.nulls.size());
        assertEquals(3, seen.enums.size(), "enums in messages");
    }

    /** What occurs in messages. */
    private static final class Seen {
        private final Set<Class<?>> records = new HashSet<>();
        private final Set<Class<?>> enums = new HashSet<>();
        private final Set<Object> constants = new HashSet<>();
        private final Map<String, Set<Boolean>> nulls = new HashMap<>();

        void look(@Nullable Object value) {
            if (value instanceof List<?> list) {
                list.forEach(this::look);
            } else if (value instanceof Enum<?> constant && constant.getDeclaringClass() != WorkspacePath.Place.class) {
                enums.add(constant.getDeclaringClass());
                constants.add(constant);
            } else if (value instanceof Record && !(value instanceof WorkspacePath)) {
                records.add(value.getClass());
                for (RecordComponent component : value.getClass().getRecordComponents()) {
                    Object member = Records.get(component, value);
                    if (RandomMessages.isNullable(component)) {
                        nulls.computeIfAbsent(value.getClass() + "." + component.getName(), k -> new HashSet<>())
                                .add(member == null);
                    }
                    look(member);
                }
            }
        }
    }

    @Test
    void aMessageIsTheVersionThenItsKindThenItsMembers() {
        // By hand, so that not only the codec itself says what the golden bytes should be.
        assertEquals(
                "01" + "03" + "0190a1b2c3d4e5f68899aabbccddeeff",
                HEX.formatHex(encode(NodeCodec.requests(1), new NodeRequest.Activate(NodeMessages.TENANT))));
        assertEquals(
                "01" + "04" + "01" + "04" + "02" + "6e6f" + "01" + "03" + "2fc3a9",
                HEX.formatHex(encode(NodeCodec.replies(1), new NodeReply.Refused(Problem.notFound("no", "/é")))));
        assertEquals(
                "01" + "01" + "09" + "01" + "ac02" + "61".repeat(300),
                HEX.formatHex(encode(
                        NodeCodec.replies(1), new NodeReply.Answered(new Reply.Subjects(List.of("a".repeat(300)))))));
    }

    @Test
    void aStoredKeysHashStaysWhereItIs() {
        NodeReply decoded = NodeCodec.replies(1)
                .decodeFromWire(
                        0,
                        Buffer.buffer(HEX.parseHex(
                                NodeMessages.present(golden("replies.1.hex").get("keys")))));
        Reply.Keys keys = assertInstanceOf(
                Reply.Keys.class,
                assertInstanceOf(NodeReply.Answered.class, decoded).reply());
        assertEquals(2, keys.keys().size());
        for (KeyRecord key : keys.keys()) {
            assertEquals(0, key.secretHash().length);
        }
    }

    // ---- all messages
    // ------------------------------------------------------------------------------------------------

    @Test
    void randomMessagesArriveAsTheyWereSent() {
        Map<Class<?>, Integer> kinds = new HashMap<>();
        for (int seed = 0; seed < 3000; seed++) {
            RandomMessages random = new RandomMessages(seed);
            NodeRequest request = random.of(NodeRequest.class);
            requireRoundTrip(NodeCodec.requests(1), request, seed);
            NodeReply reply = random.of(NodeReply.class);
            requireRoundTrip(NodeCodec.replies(1), reply, seed);
            if (request instanceof NodeRequest.AskTenant ask) {
                kinds.merge(ask.ask().request().getClass(), 1, Integer::sum);
            }
            if (reply instanceof NodeReply.Answered answer) {
                kinds.merge(answer.reply().getClass(), 1, Integer::sum);
            }
        }
        for (Class<?> kind : Records.kinds(TenantRequest.class)) {
            assertTrue(kinds.containsKey(kind), "made by chance: " + kind);
        }
        for (Class<?> kind : Records.kinds(Reply.class)) {
            assertTrue(kinds.containsKey(kind), "made by chance: " + kind);
        }
    }

    private static <T> void requireRoundTrip(NodeCodec<T> codec, T message, int seed) {
        // The event bus has its own header before the body.
        Buffer buffer = Buffer.buffer("header");
        int start = buffer.length();
        codec.encodeToWire(buffer, message);
        T decoded = codec.decodeFromWire(start, buffer);
        assertEquals(Records.show(message), Records.show(decoded), "seed " + seed);
        assertArrayEquals(
                buffer.getBytes(start, buffer.length()), encode(codec, decoded), "encoded again, seed " + seed);
    }

    @Test
    void longTextsContentsAndPathsArrive() {
        String line = "é".repeat(70_000);
        requireRoundTrip(NodeCodec.requests(1), NodeMessages.asking(new TenantRequest.AppendAudit(List.of(line))), -1);
        requireRoundTrip(
                NodeCodec.replies(1),
                new NodeReply.Answered(new Reply.FileContent(
                        NodeMessages.TENANT,
                        new Reply.FileInfo("/tenants/acme/.audit/log.jsonl", false, 1, 1, null, null, null, "system"),
                        Content.Inline.of(new byte[5 * Limits.MIB]))),
                -1);
        WorkspacePath longest = WorkspacePath.parse("/tenants/acme" + ("/" + "€".repeat(84) + "ab").repeat(16) + "/"
                + "x".repeat(Limits.PATH_BYTES - 13 - 16 * 255 - 1));
        assertEquals(Limits.PATH_BYTES, longest.wire().getBytes(StandardCharsets.UTF_8).length);
        requireRoundTrip(NodeCodec.requests(1), NodeMessages.asking(new TenantRequest.DeleteFile(longest)), -1);
    }

    // ---- broken messages
    // ---------------------------------------------------------------------------------------------

    @Test
    void aMessageThatIsCutOffIsRefused() {
        for (NodeMessages.Message<?> message : NodeMessages.all()) {
            byte[] bytes = message.encoded();
            for (int length = 0; length < bytes.length; length++) {
                refusal(message.codec(), Arrays.copyOf(bytes, length), message + " cut at " + length);
            }
        }
    }

    @Test
    void aMessageWithMoreBehindItIsRefused() {
        for (NodeMessages.Message<?> message : NodeMessages.all()) {
            byte[] bytes = message.encoded();
            String said = refusal(message.codec(), Arrays.copyOf(bytes, bytes.length + 1), message.toString());
            assertTrue(said.contains("1 bytes follow"), said);
        }
    }

    @Test
    void aFlippedByteIsRefusedOrMakesAnotherMessage() {
        int refused = 0;
        int read = 0;
        for (NodeMessages.Message<?> message : NodeMessages.all()) {
            byte[] bytes = message.encoded();
            for (int at = 0; at < bytes.length; at++) {
                for (int flip : new int[] {1, 2, 3, 4, 8, 16, 32, 64, 127, 128, 255}) {
                    bytes[at] ^= (byte) flip;
                    if (isRefused(message.codec(), bytes, message + " byte " + at + " flipped " + flip)) {
                        refused++;
                    } else {
                        read++;
                    }
                    bytes[at] ^= (byte) flip;
                }
            }
        }
        assertTrue(refused > 10_000, "refused: " + refused);
        assertTrue(read > 10_000, "read: " + read);
    }

    @Test
    void noiseIsRefusedOrIsAMessage() {
        Random random = new Random(11);
        for (int round = 0; round < 20_000; round++) {
            byte[] noise = new byte[2 + random.nextInt(200)];
            random.nextBytes(noise);
            noise[0] = 1;
            noise[1] = (byte) (1 + random.nextInt(6));
            // Small numbers are lengths and codes more often than not.
            for (int i = 2; i < noise.length; i++) {
                if (random.nextBoolean()) {
                    noise[i] = (byte) random.nextInt(4);
                }
            }
            isRefused(NodeCodec.requests(1), noise, "request, round " + round);
            isRefused(NodeCodec.replies(1), noise, "reply, round " + round);
        }
    }

    /** Whether the bytes are refused; if not, they must be the bytes of what was read: no message has two forms. */
    private static <T> boolean isRefused(NodeCodec<T> codec, byte[] bytes, String what) {
        T decoded;
        try {
            decoded = codec.decodeFromWire(0, Buffer.buffer(bytes));
        } catch (MessageFormatException e) {
            return true;
        } catch (RuntimeException e) {
            return fail(what, e);
        }
        assertEquals(HEX.formatHex(bytes), HEX.formatHex(encode(codec, decoded)), what);
        return false;
    }

    private static String refusal(NodeCodec<?> codec, byte[] bytes, String what) {
        MessageFormatException refusal =
                assertThrows(MessageFormatException.class, () -> codec.decodeFromWire(0, Buffer.buffer(bytes)), what);
        return NodeMessages.present(refusal.getMessage());
    }

    private static String replyRefusal(String hex) {
        return refusal(NodeCodec.replies(1), HEX.parseHex(hex.replace(" ", "")), hex);
    }

    @Test
    void whatIsRefusedIsTold() {
        assertEquals("byte 0: cut off: 1 bytes are expected, 0 are there", replyRefusal(""));
        assertEquals("byte 1: version 2, expected is 1", replyRefusal("02 06"));
        assertEquals("byte 1: version 0, expected is 1", replyRefusal("00 06"));
        assertEquals("byte 2: no NodeReply has the code 8 in version 1", replyRefusal("01 08"));
        assertEquals("byte 3: no Reply has the code 255 in version 1", replyRefusal("01 01 ff"));
        assertEquals("byte 4: a flag is 0 or 1, not 2", replyRefusal("01 01 02 02"));
        assertEquals("byte 4: no ProblemCode has the code 18", replyRefusal("01 04 01 12"));
        assertEquals("byte 7: a text is not UTF-8", replyRefusal("01 04 01 04 02 c0af 00"));
        assertEquals("byte 8: a text is not UTF-8", replyRefusal("01 04 01 04 03 eda080 00"));
        assertEquals("byte 5: a length is not written in its shortest form", replyRefusal("01 01 09 8000"));
        // The codes that invite a retry are the only ones that may stand here: the record's own rule.
        assertTrue(replyRefusal("01 04 04 04 00 0000000000000001 00000000").contains("not a code to retry"));
        assertTrue(replyRefusal("01 04 04 0e 00 0000000000000001 3b9aca00")
                .endsWith("a second has no nanosecond 1000000000"));
        // A zone's name that is none.
        assertTrue(replyRefusal("01 01 03 00 00 01 02 4142 00").contains("not a zone name"));
        // An instant beyond the end of time.
        assertTrue(replyRefusal("01 02" + "00".repeat(32) + "00 00 00 7fffffffffffffff 00000000")
                .contains("Instant"));
    }

    @Test
    void aLengthIsBelievedOnlyAsFarAsThereAreBytes() {
        // 100,000 subjects, all of which a list may have, and none of which is there.
        assertEquals("byte 6: cut off: a length of 100000, but 0 bytes are there", replyRefusal("01 01 09 a08d06"));
        assertEquals("byte 6: a length of 100001 or more, the limit is 100000", replyRefusal("01 01 09 a18d06"));
        assertEquals("byte 6: a length of 2097151 or more, the limit is 100000", replyRefusal("01 01 09 ffffffffff"));
        assertEquals("byte 8: a length has more than five bytes", replyRefusal("01 01 09 8080808080808081 00"));
        // A text of 64 MiB, and one of 2 GiB.
        assertEquals(
                "byte 8: cut off: a length of 67108864, but 1 bytes are there",
                replyRefusal("01 04 01 04 80808020 61"));
        assertTrue(replyRefusal("01 04 01 04 ffffffff07 61").endsWith("the limit is " + Limits.REPLY_BYTES));
    }

    @Test
    void contentsAndHashesBeyondTheirLimitsAreNeitherSentNorRead() {
        byte[] content = new byte[Limits.INLINE_CONTENT_BYTES + 1];
        requireLimit(
                writing(Content.Inline.of(Arrays.copyOf(content, content.length - 1))),
                writing(Content.Inline.of(content)),
                // 65536 and 65537 as lengths.
                "808004",
                "818004");
        requireLimit(choosing(new byte[32]), choosing(new byte[33]), "0020", "0021");
    }

    /** The last message is within a limit; one more is not, whether this node would send it or another one sends it. */
    private static void requireLimit(NodeRequest last, NodeRequest beyond, String length, String oneMore) {
        NodeCodec<NodeRequest> codec = NodeCodec.requests(1);
        requireRoundTrip(codec, last, -1);
        IllegalStateException bug = assertThrows(IllegalStateException.class, () -> encode(codec, beyond));
        assertTrue(String.valueOf(bug.getMessage()).contains("more bytes than the other side takes"));
        String hex = HEX.formatHex(encode(codec, last)) + "00";
        int at = hex.lastIndexOf(length);
        assertTrue(at > 0, "the length is there");
        String longer = hex.substring(0, at) + oneMore + hex.substring(at + length.length());
        assertTrue(refusal(codec, HEX.parseHex(longer), "one byte more").contains("or more, the limit is "));
    }

    private static NodeRequest choosing(byte[] hash) {
        return NodeMessages.asking(new TenantRequest.SetChosenKey(null, hash));
    }

    private static NodeRequest writing(Content content) {
        return NodeMessages.asking(new TenantRequest.WriteFiles(
                List.of(new TenantRequest.FileWrite(WorkspacePath.parse("/tenants/acme/a"), content, null, false))));
    }

    private static int indexOf(byte[] bytes, int... sought) {
        for (int at = 0; at <= bytes.length - sought.length; at++) {
            boolean found = true;
            for (int i = 0; i < sought.length; i++) {
                found &= (bytes[at + i] & 0xff) == sought[i];
            }
            if (found) {
                return at;
            }
        }
        return fail("the bytes are not there");
    }

    @Test
    void anAnswerThatIsTooLongIsRefusedBeforeItIsSent() {
        NodeCodec<NodeReply> codec = NodeCodec.replies(1);
        // Four codes before the text and its length of four bytes, and one flag behind it.
        int room = Limits.REPLY_BYTES - 4 - 4 - 1;
        byte[] longest = encode(codec, new NodeReply.Refused(Problem.invalid("a".repeat(room))));
        assertEquals(Limits.REPLY_BYTES, longest.length);
        codec.decodeFromWire(0, Buffer.buffer(longest));
        assertTrue(refusal(codec, Arrays.copyOf(longest, longest.length + 1), "one byte more")
                .contains("the limit is " + Limits.REPLY_BYTES));
        for (int beyond : new int[] {room + 1, Limits.REPLY_BYTES + 1}) {
            NodeReply reply = new NodeReply.Refused(Problem.invalid("a".repeat(beyond)));
            ProblemException refusal = assertThrows(ProblemException.class, () -> encode(codec, reply));
            assertEquals(ProblemCode.TOO_LARGE, refusal.problem().code());
        }
    }

    @Test
    void halfASurrogatePairIsNotSentAsSomethingElse() {
        for (String text : List.of("\ud83d", "a\udc00b", "\udc00\ud800", "\ud800\ud800\udc00")) {
            NodeReply reply = new NodeReply.Refused(Problem.invalid(text));
            IllegalStateException bug =
                    assertThrows(IllegalStateException.class, () -> encode(NodeCodec.replies(1), reply));
            assertEquals("BUG: a text is valid Unicode", bug.getMessage());
        }
    }

    @Test
    void aPathIsWhatTheParserMakesOfIt() {
        byte[] bytes = encode(
                NodeCodec.requests(1),
                NodeMessages.asking(new TenantRequest.DeleteFile(WorkspacePath.parse("/tenants/acme/ab"))));
        int at = indexOf(bytes, 'a', 'b');
        for (String name : List.of("..", "b/", "/b", "a ", "a\\")) {
            byte[] text = name.getBytes(StandardCharsets.UTF_8);
            System.arraycopy(text, 0, bytes, at, 2);
            refusal(NodeCodec.requests(1), bytes, name);
        }
    }

    @Test
    void aMemberThatComesTwiceIsRefused() {
        Map<String, String> members = new LinkedHashMap<>();
        members.put("k1", "v");
        members.put("k2", "v");
        TenantRequest.RecordPatch patch =
                new TenantRequest.RecordPatch(null, null, null, null, null, null, null, null, Map.of(), null, members);
        byte[] bytes =
                encode(NodeCodec.requests(1), NodeMessages.asking(new TenantRequest.UpdateRecord(patch, null, false)));
        bytes[indexOf(bytes, 'k', '2') + 1] = '1';
        assertTrue(refusal(NodeCodec.requests(1), bytes, "twice").endsWith("the name 'k1' comes twice"));
    }

    // ---- versions
    // ----------------------------------------------------------------------------------------------------

    @Test
    void theNameCarriesTheNewestVersionThatBothSpeak() {
        assertEquals("nexus.request.1", NodeCodec.requests(1).name());
        assertEquals("nexus.reply.1", NodeCodec.replies(1).name());
        assertEquals("nexus.request." + NodeCodec.NEWEST, NodeCodec.requestsTo(NodeCodec.NEWEST));
        assertEquals("nexus.request." + NodeCodec.NEWEST, NodeCodec.requestsTo(NodeCodec.NEWEST + 1));
        assertEquals("nexus.reply." + NodeCodec.OLDEST, NodeCodec.repliesTo(NodeCodec.OLDEST));
        assertEquals("nexus.reply." + NodeCodec.NEWEST, NodeCodec.repliesTo(Integer.MAX_VALUE));
        ProblemException refusal = assertThrows(ProblemException.class, () -> NodeCodec.requestsTo(0));
        assertEquals(ProblemCode.UNAVAILABLE, refusal.problem().code());
        assertEquals(-1, NodeCodec.requests(1).systemCodecID());
        assertEquals(-1, NodeCodec.replies(1).systemCodecID());
    }

    /** A type whose second kind came with version 2. */
    private sealed interface Shape {
        record Dot() implements Shape {}

        record Line(int length) implements Shape {}
    }

    private static Kinds.Rows<Shape> dots() {
        return Kinds.of(Shape.class).empty(1, Shape.Dot.class, new Shape.Dot());
    }

    private static Kinds.Rows<Shape> shapes() {
        return dots().kind(
                        2, 2, Shape.Line.class, (out, v) -> out.number(v.length()), in -> new Shape.Line(in.integer()));
    }

    @Test
    void aKindOfALaterVersionIsUnknownInAnOlderOne() {
        Kinds<Shape> shapes = shapes().complete();
        Buffer newer = Buffer.buffer();
        shapes.write(new MessageWriter(newer, 2), new Shape.Line(5));
        assertEquals("0200000005", HEX.formatHex(newer.getBytes()));
        assertEquals(new Shape.Line(5), shapes.read(new MessageReader(newer, 0, 2)));

        MessageFormatException refusal =
                assertThrows(MessageFormatException.class, () -> shapes.read(new MessageReader(newer, 0, 1)));
        assertEquals("byte 1: no Shape has the code 2 in version 1", refusal.getMessage());
        assertThrows(
                IllegalStateException.class,
                () -> shapes.write(new MessageWriter(Buffer.buffer(), 1), new Shape.Line(5)));
        Buffer older = Buffer.buffer();
        shapes.write(new MessageWriter(older, 1), new Shape.Dot());
        assertEquals("01", HEX.formatHex(older.getBytes()));
    }

    @Test
    void aTableHasOneRowForEveryKind() {
        IllegalStateException forgotten = assertThrows(IllegalStateException.class, () -> dots().complete());
        assertTrue(NodeMessages.present(forgotten.getMessage()).contains("Line"), forgotten.getMessage());
        assertThrows(
                IllegalStateException.class,
                () -> dots().empty(1, Shape.Line.class, new Shape.Line(1)).complete());
        assertThrows(
                IllegalStateException.class,
                () -> shapes().empty(3, Shape.Dot.class, new Shape.Dot()).complete());
    }

    @Test
    void constantsKeepTheirCodes() {
        enum Color {
            RED,
            BLUE
        }
        assertThrows(IllegalStateException.class, () -> new Codes<>(Color.class, color -> 1));
        assertThrows(IllegalStateException.class, () -> new Codes<>(Color.class, color -> color.ordinal()));
        Codes<Color> codes = new Codes<>(Color.class, color -> switch (color) {
            case RED -> 200;
            case BLUE -> 3;
        });
        Buffer buffer = Buffer.buffer();
        MessageWriter out = new MessageWriter(buffer, 1);
        codes.write(out, Color.RED);
        codes.write(out, Color.BLUE);
        assertEquals("c803", HEX.formatHex(buffer.getBytes()));
        MessageReader in = new MessageReader(buffer, 0, 1);
        assertEquals(List.of(Color.RED, Color.BLUE), List.of(codes.read(in), codes.read(in)));
    }

    // ---- the event bus
    // -----------------------------------------------------------------------------------------------

    @Test
    void withinANodeTheSameObjectArrives() throws Exception {
        Vertx vertx = Vertx.vertx();
        try {
            NodeCodec.register(vertx.eventBus());
            NodeRequest request = NodeMessages.present(NodeMessages.requests().get("write"));
            NodeReply reply = new NodeReply.Answered(new Reply.Checks(new boolean[] {true}));
            AtomicReference<@Nullable NodeRequest> received = new AtomicReference<>();
            vertx.eventBus().<NodeRequest>consumer("node", message -> {
                received.set(message.body());
                message.reply(reply, new DeliveryOptions().setCodecName(NodeCodec.repliesTo(NodeCodec.NEWEST)));
            });
            Message<NodeReply> answer = vertx.eventBus()
                    .<NodeReply>request(
                            "node", request, new DeliveryOptions().setCodecName(NodeCodec.requestsTo(NodeCodec.NEWEST)))
                    .await(5, TimeUnit.SECONDS);
            assertSame(request, received.get());
            assertSame(reply, answer.body());
        } finally {
            vertx.close().await(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void listsThatArriveCannotBeChanged() {
        NodeReply reply = NodeCodec.replies(1)
                .decodeFromWire(
                        0,
                        Buffer.buffer(encode(
                                NodeCodec.replies(1),
                                new NodeReply.Answered(new Reply.Subjects(List.of("user:alice"))))));
        Reply.Subjects subjects = assertInstanceOf(
                Reply.Subjects.class,
                assertInstanceOf(NodeReply.Answered.class, reply).reply());
        assertThrows(UnsupportedOperationException.class, () -> Collections.sort(subjects.subjects(), null));
        assertFalse(subjects.subjects().isEmpty());
    }
}
