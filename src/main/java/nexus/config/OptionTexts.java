package nexus.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The texts of the options, and their meaning. An error is noted and the default taken instead, so that reading goes on
 * and finds the other errors; {@link #check} reports them all.
 */
final class OptionTexts {

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})(B|KiB|MiB|GiB)?");
    private static final Pattern DURATION = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

    private final Map<ServerOption, String> given = new EnumMap<>(ServerOption.class);
    private final List<String> errors = new ArrayList<>();

    OptionTexts(Map<ServerOption, String> commandLine, Map<String, String> environment) {
        for (ServerOption option : ServerOption.values()) {
            String variable = environment.get(option.variable());
            String text = commandLine.getOrDefault(option, variable == null ? "" : variable);
            if (!text.isBlank()) {
                given.put(option, text);
            } else if (variable != null || commandLine.containsKey(option)) {
                errors.add(names(option) + " is empty; leave it out to get the default");
            }
        }
        environment.keySet().stream()
                .filter(name -> name.startsWith(ServerOption.VARIABLE_PREFIX))
                .filter(name -> !variables().contains(name))
                .sorted()
                .forEach(name -> errors.add("unknown environment variable " + name
                        + Suggestion.nearest(name, variables())
                                .map(nearest -> ", did you mean " + nearest + "?")
                                .orElse("")));
    }

    static String names(ServerOption option) {
        return option.isOnCommandLine() ? option.flag() + " (" + option.variable() + ")" : option.variable();
    }

    String text(ServerOption option) {
        return given.getOrDefault(option, defaultText(option));
    }

    /** The reader's complaint is shown, without its text where the option is secret. */
    <T> Optional<T> ifGiven(ServerOption option, Function<String, T> reader) {
        return Optional.ofNullable(given.get(option)).flatMap(text -> read(option, text, reader));
    }

    int number(ServerOption option) {
        return required(option, Integer::valueOf);
    }

    Path path(ServerOption option) {
        return required(option, Path::of);
    }

    long bytes(ServerOption option) {
        return required(option, OptionTexts::parseBytes);
    }

    Duration duration(ServerOption option) {
        return required(option, OptionTexts::parseDuration);
    }

    <E extends Enum<E>> E choice(ServerOption option, Class<E> type) {
        return required(option, text -> parseChoice(text, type));
    }

    void add(List<String> more) {
        errors.addAll(more);
    }

    void check() {
        if (!errors.isEmpty()) {
            throw new OptionsException(errors);
        }
    }

    static long parseBytes(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("a size such as 512KiB, 64MiB or 1GiB");
        }
        String unit = matcher.group(2) == null ? "B" : matcher.group(2);
        int shift = switch (unit) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
        };
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift);
    }

    static Duration parseDuration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("a time such as 250ms, 30s, 10m or 1h");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
    }

    /** In the largest unit that says it exactly. */
    static String format(Duration value) {
        long millis = value.toMillis();
        if (millis % 1_000 != 0 || millis == 0) {
            return millis + "ms";
        }
        if (millis % 60_000 != 0) {
            return millis / 1_000 + "s";
        }
        return millis % 3_600_000 != 0 ? millis / 60_000 + "m" : millis / 3_600_000 + "h";
    }

    private static <E extends Enum<E>> E parseChoice(String text, Class<E> type) {
        List<E> choices = Arrays.asList(type.getEnumConstants());
        return choices.stream()
                .filter(choice -> word(choice).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        choices.stream().map(OptionTexts::word).collect(Collectors.joining(" or "))));
    }

    private static String word(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT);
    }

    private <T> T required(ServerOption option, Function<String, T> reader) {
        return read(option, text(option), reader).orElseGet(() -> reader.apply(defaultText(option)));
    }

    private <T> Optional<T> read(ServerOption option, String text, Function<String, T> reader) {
        try {
            return Optional.of(reader.apply(text));
        } catch (OptionsException e) {
            e.errors().forEach(error -> errors.add(names(option) + ": " + error));
        } catch (NumberFormatException e) {
            errors.add(names(option) + " must be a whole number, not \"" + text + "\"");
        } catch (InvalidPathException e) {
            errors.add(names(option) + " must be a path, not \"" + text + "\"");
        } catch (ArithmeticException e) {
            errors.add(names(option) + " is too large: \"" + text + "\"");
        } catch (IllegalArgumentException e) {
            errors.add(names(option) + " must be " + e.getMessage() + ", not \"" + text + "\"");
        }
        return Optional.empty();
    }

    private static String defaultText(ServerOption option) {
        String text = option.defaultText();
        if (text == null) {
            throw new IllegalStateException("BUG: no default for " + option);
        }
        return text;
    }

    private static List<String> variables() {
        return Stream.concat(
                        Arrays.stream(ServerOption.values()).map(ServerOption::variable),
                        Stream.of(ServerOption.DEBUG_VARIABLE))
                .toList();
    }
}
