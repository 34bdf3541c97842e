package nexus.rebac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import nexus.rebac.check.CheckResult;
import nexus.rebac.check.GrantRoots;
import nexus.rebac.check.ListOutcome;
import nexus.rebac.expand.Expansion;
import nexus.rebac.schema.Admission;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.TupleText;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Plays {@code workspace.scenarios}: stories about one workspace each, in the words that the file explains. */
class ScenarioTest {

    @TestFactory
    Stream<DynamicTest> plays() throws IOException {
        List<Story> stories = read("workspace.scenarios");
        assertTrue(stories.size() > 10, "the file holds " + stories.size() + " stories");
        return stories.stream().map(story -> DynamicTest.dynamicTest(story.title, story::play));
    }

    private static List<Story> read(String resource) throws IOException {
        List<Story> stories = new ArrayList<>();
        try (InputStream in = Objects.requireNonNull(ScenarioTest.class.getResourceAsStream(resource), resource)) {
            List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i).strip();
                if (line.startsWith("story ")) {
                    stories.add(new Story(line.substring(6)));
                } else if (!line.isEmpty() && !line.startsWith("#")) {
                    stories.get(stories.size() - 1).steps.add((i + 1) + " " + line);
                }
            }
        }
        return stories;
    }

    private static final class Story {
        final String title;
        final List<String> steps = new ArrayList<>();
        private final Workspace workspace = new Workspace();
        private Instant now = Workspace.NOON;

        Story(String title) {
            this.title = title;
        }

        void play() {
            for (String step : steps) {
                String[] words = step.split(" +", -1);
                play("line " + step, words[1], Arrays.copyOfRange(words, 2, words.length));
            }
        }

        private void play(String step, String verb, String[] words) {
            switch (verb) {
                case "tuple" -> {
                    RelationTuple tuple = TupleText.parse(words[0]);
                    assertEquals(Admission.ADMITTED, admission(tuple), step);
                    workspace.index.put(tuple, words.length > 1 ? Instant.parse(words[2]) : null);
                }
                case "refused" ->
                    assertEquals(words[1], admission(TupleText.parse(words[0])).name(), step);
                case "unchecked" -> workspace.index.put(TupleText.parse(words[0]), null);
                case "remove" -> assertTrue(workspace.index.remove(TupleText.parse(words[0])), step);
                case "member" -> workspace.register.add(words[0], words[1]);
                case "now" -> now = Instant.parse(words[0]);
                case "allow" -> assertEquals(CheckResult.ALLOWED, check(words), step);
                case "deny" -> assertEquals(CheckResult.DENIED, check(words), step);
                case "answer" -> assertEquals(words[3], check(words).name(), step);
                case "expand" -> assertEquals(rest(words, 3), expand(words), step);
                case "roots" -> assertEquals(rest(words, 3), roots(words), step);
                default -> throw new IllegalArgumentException(step);
            }
        }

        private Admission admission(RelationTuple tuple) {
            return workspace.model.admission(
                    tuple.object().type(),
                    tuple.relation(),
                    tuple.subject().type(),
                    tuple.subject().relation());
        }

        private CheckResult check(String[] words) {
            return workspace.check(words[2], words[1], words[0], now);
        }

        private List<String> expand(String[] words) {
            Expansion expansion = workspace.expander.subjects(TupleText.parseObject(words[1]), words[0], now);
            assertEquals(ListOutcome.COMPLETE, expansion.outcome());
            return Workspace.ids(expansion.subjects());
        }

        private List<String> roots(String[] words) {
            GrantRoots roots = workspace.checker.grantRoots(TupleText.parseSubject(words[0]), words[1], "file", now);
            assertEquals(ListOutcome.COMPLETE, roots.outcome());
            return roots.ids();
        }

        private static List<String> rest(String[] words, int from) {
            return Arrays.asList(words).subList(from, words.length);
        }
    }
}
