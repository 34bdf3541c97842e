package nexus.http.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import nexus.kernel.ProblemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonReaderTest {
    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String refusal(byte[] json) {
        String message = assertThrows(JsonFormatException.class, () -> JsonReader.read(json))
                .getMessage();
        return String.valueOf(message);
    }

    @Test
    void readsATree() {
        Object tree = JsonReader.read(utf8("{\"a\":[1,-2.50,\"x\\u00e9\",true,null],\"b\":{}}"));
        assertEquals(Map.of("a", Arrays.asList(1L, new BigDecimal("-2.50"), "xé", true, null), "b", Map.of()), tree);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "[1,]",
                "{\"a\":1,}",
                "{'a':1}",
                "{a:1}",
                "[1] [2]",
                "{} x",
                "// c\n{}",
                "/* c */{}",
                "[NaN]",
                "[Infinity]",
                "[+1]",
                "[01]",
                "[.5]",
                "[1.]",
                "[1e]",
                "[\"a\nb\"]",
                "[\"\\x\"]",
                "[tru]",
                "[\"\\ud800\"]",
                "{\"\\udc00\":1}",
                "{\"a\":1,\"a\":2}",
                "{\"a\":1,\"\\u0061\":2}",
                "[{\"b\":null,\"b\":null}]",
                "[1e401]",
                "[1e-401]",
                "[1e999999999999]",
            })
    void refusesWhatIsNotStrictJson(String json) {
        refusal(utf8(json));
        refusal(utf8(json));
        byte[] document = utf8("{\"doc\":" + json + "}");
        assertThrows(JsonFormatException.class, () -> JsonReader.members(document), json);
    }

    @Test
    void boundsDepthAndNumbers() {
        String deep = "[".repeat(JsonReader.DEPTH) + "]".repeat(JsonReader.DEPTH);
        JsonReader.read(utf8(deep));
        assertTrue(refusal(utf8("[" + deep + "]")).contains("depth"));
        String digits = "9".repeat(JsonReader.NUMBER_CHARS);
        assertEquals(List.of(new BigDecimal(digits)), JsonReader.read(utf8("[" + digits + "]")));
        refusal(utf8("[" + digits + "9]"));
        refusal(utf8("[0." + digits + "]"));
        assertThrows(JsonFormatException.class, () -> JsonReader.members(utf8("{\"a\":" + digits + "9}")));
    }

    @Test
    void refusesBytesThatAreNoUtf8() {
        int[][] faults = {
            {0x80},
            {0xc0, 0x80},
            {0xc1, 0xbf},
            {0xc3},
            {0xe0, 0x80, 0x80},
            {0xe0, 0x9f, 0xbf},
            {0xed, 0xa0, 0x80},
            {0xed, 0xbf, 0xbf},
            {0xf0, 0x80, 0x80, 0x80},
            {0xf0, 0x8f, 0xbf, 0xbf},
            {0xf4, 0x90, 0x80, 0x80},
            {0xf5, 0x80, 0x80, 0x80},
            {0xff},
            {0xe2, 0x82},
            {0xf0, 0x9f, 0x98}
        };
        for (int[] fault : faults) {
            for (int padding = 0; padding < 9; padding++) {
                byte[] json = new byte[padding + fault.length + 4];
                Arrays.fill(json, (byte) 'x');
                json[0] = '[';
                json[1] = '"';
                for (int i = 0; i < fault.length; i++) {
                    json[2 + padding + i] = (byte) fault[i];
                }
                json[json.length - 2] = '"';
                json[json.length - 1] = ']';
                assertEquals(2 + padding, StrictUtf8.firstFault(json), Arrays.toString(fault));
                assertEquals("invalid UTF-8 at byte " + (2 + padding), refusal(json));
            }
        }
    }

    @Test
    void agreesWithTheJdkAboutUtf8() {
        Random random = new Random(42);
        for (int round = 0; round < 200_000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (random.nextInt(3) == 0 ? random.nextInt(128) : 0x80 + random.nextInt(128));
            }
            boolean valid;
            try {
                StandardCharsets.UTF_8.newDecoder().decode(java.nio.ByteBuffer.wrap(bytes));
                valid = true;
            } catch (java.nio.charset.CharacterCodingException e) {
                valid = false;
            }
            assertEquals(valid, StrictUtf8.firstFault(bytes) < 0, Arrays.toString(bytes));
        }
    }

    @Test
    void refusesByteOrderMarksAndOtherEncodings() {
        assertEquals("a byte order mark is not allowed", refusal(utf8("\ufeff{}")));
        for (var charset : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
            refusal("{\"a\":1}".getBytes(charset));
        }
        refusal(new byte[] {0, 0, 0, '1'});
        refusal(new byte[] {'1', 0, 0, 0});
        refusal(new byte[] {'{', '}', 0});
    }

    @Test
    void decodesBytesInEitherOrderOfMembers() {
        byte[] expected = {1, 2, 3, -1};
        String data = Base64.getEncoder().encodeToString(expected);
        for (String json : List.of(
                "{\"__type__\":\"bytes\",\"data\":\"" + data + "\"}",
                "{\"data\":\"" + data + "\",\"__type__\":\"bytes\"}",
                "{\"__type__\":\"bytes\",\"data\":\"" + data.replace("/", "\\/") + "\"}")) {
            Object value = JsonReader.read(utf8(json));
            assertArrayEquals(
                    expected, SpecialValues.bytes(String.valueOf(1).isEmpty() || value == null ? "" : value, "x"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"__type__\":\"bytes\",\"data\":\"AQ=\"}",
                "{\"__type__\":\"bytes\",\"data\":\"AQ\"}",
                "{\"__type__\":\"bytes\",\"data\":\"A Q=\"}",
                "{\"__type__\":\"bytes\",\"data\":\"AQ==AQ==\"}",
                "{\"__type__\":\"bytes\",\"data\":\"*\"}",
                "{\"__type__\":\"bytes\",\"data\":\"AQ==\",\"x\":1}",
                "{\"data\":\"A Q=\",\"__type__\":\"bytes\"}",
                "{\"__type__\":\"bytes\",\"data\":1}",
                "{\"__type__\":\"bytes\"}",
                "{\"__type__\":\"datetime\",\"data\":\"x\"}",
                "{\"x\":1}",
                "[]",
                "5",
                "true",
            })
    void refusesWhatIsNotBytes(String json) {
        assertThrows(RuntimeException.class, () -> {
            Object value = JsonReader.read(utf8(json));
            SpecialValues.bytes(value == null ? 0L : value, "x");
        });
    }

    @Test
    void roundTripsSpecialValuesOfAnyKind() {
        Random random = new Random(7);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = new byte[random.nextInt(100)];
            random.nextBytes(bytes);
            Instant time = Instant.ofEpochSecond(random.nextLong(-60_000_000_000L, 250_000_000_000L))
                    .plusNanos(1000L * random.nextInt(1_000_000));
            Duration duration = Duration.ofSeconds(random.nextInt() / 3).plusNanos(1000L * random.nextInt(1_000_000));
            JsonWriter out = new JsonWriter(1);
            out.list().bytes(bytes).time(time).duration(duration).isoTime(time).endList();
            List<?> values = (List<?>) JsonReader.read(out.toBytes());
            assertTrue(values != null && values.size() == 4);
            assertArrayEquals(bytes, SpecialValues.bytes(some(values.get(0)), "x"));
            assertEquals(time, SpecialValues.time(some(values.get(1)), "x"));
            assertEquals(duration, SpecialValues.duration(some(values.get(2)), "x"));
            assertEquals(time, SpecialValues.time(some(values.get(3)), "x"));
        }
    }

    private static Object some(@org.jspecify.annotations.Nullable Object value) {
        if (value == null) {
            throw new AssertionError("null");
        }
        return value;
    }

    @Test
    void roundTripsStringsOfAnyKind() {
        Random random = new Random(8);
        for (int round = 0; round < 2000; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(20); i > 0; i--) {
                int point = random.nextInt(4) == 0 ? random.nextInt(0x110000) : random.nextInt(0x100);
                if (point < 0xd800 || point > 0xdfff) {
                    text.appendCodePoint(point);
                }
            }
            byte[] json = new JsonWriter(1)
                    .object()
                    .put(text.toString(), text.toString())
                    .endObject()
                    .toBytes();
            assertEquals(Map.of(text.toString(), text.toString()), JsonReader.read(json));
            if (text.indexOf("\0") < 0) {
                String compact = JsonReader.compact(json);
                assertEquals(Map.of(text.toString(), text.toString()), JsonReader.read(utf8(compact)));
            }
        }
    }

    @Test
    void writesTimesAsPythonDoes() {
        assertEquals(
                "{\"__type__\":\"datetime\",\"data\":\"2026-02-14T03:04:05.123456+00:00\"}",
                new String(
                        new JsonWriter(4)
                                .time(Instant.parse("2026-02-14T03:04:05.123456Z"))
                                .toBytes(),
                        StandardCharsets.UTF_8));
        assertEquals(
                "{\"__type__\":\"timedelta\",\"seconds\":12.5}",
                new String(new JsonWriter(4).duration(Duration.ofMillis(12_500)).toBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void readsTimesWithAndWithoutOffset() {
        Instant expected = Instant.parse("2026-02-14T03:04:05.123456Z");
        for (String text : List.of(
                "2026-02-14T03:04:05.123456+00:00",
                "2026-02-14T03:04:05.123456Z",
                "2026-02-14T03:04:05.123456",
                "2026-02-14T05:04:05.123456789+02:00")) {
            assertEquals(expected, SpecialValues.parseTime(text, "x"));
        }
        assertEquals(Instant.parse("2026-02-14T03:04:00Z"), SpecialValues.parseTime("2026-02-14T03:04", "x"));
        for (String text : List.of(
                "",
                "2026-02-14",
                "tomorrow",
                "2026-02-30T00:00:00",
                "+12026-02-14T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "2026-02-14T03:04:05 UTC",
                "2026-02-14T03:04:05[Europe/Paris]",
                "x".repeat(100))) {
            assertThrows(ProblemException.class, () -> SpecialValues.parseTime(text, "x"), text);
        }
    }

    @Test
    void keepsDocumentsAsTheyAre() {
        String json =
                "{ \"z\" : {\"__type__\":\"bytes\",\"data\":\"AQ==\"}, \"a\":[1.50, 1e5,-0, true,null , \"\\u00e9\\/\"] }";
        assertEquals(
                "{\"z\":{\"__type__\":\"bytes\",\"data\":\"AQ==\"},\"a\":[1.50,1e5,-0,true,null,\"é/\"]}",
                JsonReader.compact(utf8(json)));
        assertEquals(
                List.of("z", "a"), List.copyOf(JsonReader.members(utf8(json)).keySet()));
        assertThrows(JsonFormatException.class, () -> JsonReader.compact(utf8("[1]")));
        assertThrows(JsonFormatException.class, () -> JsonReader.members(utf8("\"x\"")));
        assertThrows(JsonFormatException.class, () -> JsonReader.members(utf8("{\"a\":\"\\u0000\"}")));
    }
}
