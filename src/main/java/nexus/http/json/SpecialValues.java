package nexus.http.json;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import nexus.kernel.Problem;
import nexus.kernel.ProblemException;
import org.jspecify.annotations.Nullable;

/** Nexus' spelling of values that JSON does not have: {@code {"__type__":"bytes"|"datetime"|"timedelta", ...}}. */
public final class SpecialValues {
    static final String TYPE = "__type__";
    static final String DATA = "data";
    static final String BYTES = "bytes";
    static final String DATETIME = "datetime";
    static final String TIMEDELTA = "timedelta";
    static final String SECONDS = "seconds";

    private static final int TIME_CHARS = 64;
    private static final DateTimeFormatter READ = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
            .optionalStart()
            .appendOffsetId()
            .toFormatter(java.util.Locale.ROOT);
    private static final DateTimeFormatter WRITE =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'+00:00'", java.util.Locale.ROOT);

    private SpecialValues() {}

    /** The time as Python writes it: microseconds, and {@code +00:00} rather than {@code Z}. */
    public static String isoText(Instant time) {
        return WRITE.format(time.atOffset(ZoneOffset.UTC));
    }

    /** The time of a text: ISO 8601 with or without an offset; without one it is UTC. Cut to microseconds. */
    public static Instant parseTime(String text, String field) {
        if (text.length() <= TIME_CHARS) {
            try {
                TemporalAccessor parsed = READ.parseBest(text, OffsetDateTime::from, LocalDateTime::from);
                Instant time = parsed instanceof OffsetDateTime withOffset
                        ? withOffset.toInstant()
                        : ((LocalDateTime) parsed).toInstant(ZoneOffset.UTC);
                int year = time.atOffset(ZoneOffset.UTC).getYear();
                if (year >= 1 && year <= 9999) {
                    return time.truncatedTo(ChronoUnit.MICROS);
                }
            } catch (DateTimeException e) {
                throw notTime(field);
            }
        }
        throw notTime(field);
    }

    private static ProblemException notTime(String field) {
        return Problem.invalid(field + " must be a time as 2026-02-14T03:04:05+00:00")
                .exception();
    }

    /** The bytes of a value: a special value, or a string that stands for its UTF-8. */
    public static byte[] bytes(Object value, String field) {
        if (value instanceof byte[] bytes) {
            return bytes;
        }
        if (value instanceof String text) {
            return JsonReader.utf8(text);
        }
        if (special(value, BYTES, DATA) instanceof String data) {
            try {
                return Base64.getDecoder().decode(data);
            } catch (IllegalArgumentException e) {
                throw Problem.invalid(field + " holds malformed base64").exception();
            }
        }
        throw Problem.invalid(field + " must be bytes or a string").exception();
    }

    /** The time of a value: a special value or an ISO string. */
    public static Instant time(Object value, String field) {
        if (value instanceof String text) {
            return parseTime(text, field);
        }
        if (special(value, DATETIME, DATA) instanceof String data) {
            return parseTime(data, field);
        }
        throw notTime(field);
    }

    /** The duration of a value: a special value or a number of seconds; whole microseconds. */
    public static Duration duration(Object value, String field) {
        Object seconds = value instanceof Map<?, ?> ? special(value, TIMEDELTA, SECONDS) : value;
        BigDecimal number = seconds instanceof Long whole
                ? BigDecimal.valueOf(whole)
                : seconds instanceof BigDecimal decimal ? decimal : null;
        // The bound is Python's own: 999,999,999 days.
        if (number != null && number.abs().compareTo(BigDecimal.valueOf(86_400_000_000_000L)) < 0) {
            return Duration.of(
                    number.movePointRight(6).setScale(0, RoundingMode.HALF_EVEN).longValueExact(), ChronoUnit.MICROS);
        }
        throw Problem.invalid(field + " must be a duration").exception();
    }

    private static @Nullable Object special(Object value, String type, String member) {
        return value instanceof Map<?, ?> map && map.keySet().equals(Set.of(TYPE, member)) && type.equals(map.get(TYPE))
                ? map.get(member)
                : null;
    }
}
