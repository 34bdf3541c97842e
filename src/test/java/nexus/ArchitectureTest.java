package nexus;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * The direction of dependencies: imports point to a lower level only, packages of one level do not know each other, and every
 * library has one owner. Decisions are pure, waiting is at the edges.
 */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("nexus");

    /** Level by package; the longest prefix counts. */
    private static final Map<String, Integer> LEVELS = levels();

    private static Map<String, Integer> levels() {
        Map<String, Integer> levels = new LinkedHashMap<>();
        levels.put("nexus.kernel", 0);
        for (String pure : List.of("rebac", "quota", "lifecycle")) {
            levels.put("nexus." + pure, 1);
        }
        levels.put("nexus.store", 2);
        levels.put("nexus.tenant", 3);
        levels.put("nexus.placement", 4);
        for (String adapter : List.of(
                "bus",
                "cluster",
                "store.postgres",
                "blob.file",
                "blob.home",
                "blob.s3",
                "http",
                "embedded",
                "metrics")) {
            levels.put("nexus." + adapter, 5);
        }
        levels.put("nexus.config", 6);
        levels.put("nexus.demo", 6);
        levels.put("nexus.cli", 7);
        levels.put("nexus", 8);
        return levels;
    }

    /** Who may use a library; everything not named here is java.*, JSpecify, or forbidden. */
    private static final Map<String, List<String>> OWNERS = Map.ofEntries(
            Map.entry("io.vertx.sqlclient", List.of("nexus.store.postgres")),
            Map.entry("io.vertx.pgclient", List.of("nexus.store.postgres")),
            Map.entry("org.postgresql", List.of("nexus.store.postgres")),
            Map.entry("java.sql", List.of("nexus.store.postgres")),
            Map.entry("javax.sql", List.of("nexus.store.postgres")),
            Map.entry("org.flywaydb", List.of("nexus.store.postgres")),
            Map.entry("com.hazelcast", List.of("nexus.cluster")),
            Map.entry("io.vertx.spi.cluster", List.of("nexus.cluster")),
            Map.entry("com.fasterxml.jackson", List.of("nexus.http")),
            Map.entry("com.google.re2j", List.of("nexus.http")),
            Map.entry("io.vertx.core.http", List.of("nexus.http")),
            Map.entry("io.netty", List.of("nexus.http")),
            Map.entry("io.micrometer", List.of("nexus.metrics")),
            Map.entry("software.amazon.awssdk", List.of("nexus.blob.s3")),
            Map.entry("picocli", List.of("nexus.cli")),
            Map.entry("org.apache.commons.compress", List.of("nexus.embedded")),
            Map.entry("org.tukaani", List.of("nexus.embedded")),
            Map.entry("io.zonky", List.of("nexus.embedded")));

    @Test
    void importsPointToLowerLevelsOnly() {
        classes().that().resideInAPackage("nexus..").should(pointDown()).check(CLASSES);
    }

    @Test
    void everyPackageHasALevel() {
        for (JavaClass type : CLASSES) {
            assertEquals(true, packageOf(type.getPackageName()).isPresent(), type.getName());
        }
    }

    @Test
    void everyLibraryHasOneOwner() {
        OWNERS.forEach((library, owners) -> noClasses()
                .that(resideOutside(owners))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library + "..")
                .because(library + " belongs to " + owners)
                .check(CLASSES));
    }

    @Test
    void thePureLevelsKnowOnlyJava() {
        classes()
                .that()
                .resideInAnyPackage("nexus.kernel..", "nexus.rebac..", "nexus.quota..", "nexus.lifecycle..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "java..",
                        "javax.crypto..",
                        "org.jspecify.annotations..",
                        "nexus.kernel..",
                        "nexus.rebac..",
                        "nexus.quota..",
                        "nexus.lifecycle..")
                .check(CLASSES);
    }

    @Test
    void theStoreIsInterfacesAndRowsOnly() {
        noClasses()
                .that()
                .resideInAPackage("nexus.store")
                .should()
                .dependOnClassesThat(new DescribedPredicate<>("Vert.x but for futures and buffers") {
                    @Override
                    public boolean test(JavaClass type) {
                        return type.getPackageName().startsWith("io.vertx")
                                && !type.getName().startsWith("io.vertx.core.Future")
                                && !type.getPackageName().startsWith("io.vertx.core.buffer");
                    }
                })
                .check(CLASSES);
    }

    @Test
    void theCoreWaitsForNothing() {
        // The core itself and all that it decides with: no futures, no loop, no log.
        classes()
                .that()
                .haveNameMatching(
                        "nexus\\.tenant\\.(TenantCore|TenantState|Draft|Loaded|Queries|Permissions|Denials|Outcomes|EntryCache"
                                + "|[A-Za-z]+Commands|ReplyCodec|RecordText|AuditLine|TupleIds|UserPlaces|Infos)")
                .should()
                .onlyDependOnClassesThat(new DescribedPredicate<>("Java's and our own pure ones") {
                    @Override
                    public boolean test(JavaClass type) {
                        return !type.getPackageName().startsWith("io.vertx")
                                && !type.getPackageName().startsWith("org.slf4j");
                    }
                })
                .check(CLASSES);
    }

    @Test
    void timeAndChanceAreInjected() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("nexus.Main")
                .and()
                .doNotHaveFullyQualifiedName("nexus.Server")
                .should()
                .callMethod(java.time.Instant.class, "now")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(java.util.UUID.class, "randomUUID")
                .orShould()
                .callMethod(Math.class, "random")
                .because("use the InstantSource, NodeTime, Ids or RandomGenerator that you are given")
                .allowEmptyShould(true)
                .check(excluding("nexus.embedded", "nexus.http.client"));
    }

    @Test
    void nothingSleepsOnALoopOrPrints() {
        noClasses()
                .should()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .accessField(System.class, "err")
                .because("wait for a future or a timer; write to the log")
                .check(CLASSES);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("nexus.(*)..").should().beFreeOfCycles().check(excluding("nexus.store.postgres"));
    }

    /** The embedded database's processes are waited for in real time: there the machine's own clock is the subject. */
    private static JavaClasses excluding(String... packages) {
        return CLASSES.that(new DescribedPredicate<>("outside of " + List.of(packages)) {
            @Override
            public boolean test(JavaClass type) {
                for (String name : packages) {
                    if (within(type.getPackageName(), name)) {
                        return false;
                    }
                }
                return true;
            }
        });
    }

    private static DescribedPredicate<JavaClass> resideOutside(List<String> owners) {
        return new DescribedPredicate<>("reside outside of " + owners) {
            @Override
            public boolean test(JavaClass type) {
                return owners.stream().noneMatch(owner -> within(type.getPackageName(), owner));
            }
        };
    }

    private static boolean within(String name, String parent) {
        return name.equals(parent) || name.startsWith(parent + ".");
    }

    private static Optional<String> packageOf(String name) {
        return LEVELS.keySet().stream()
                .filter(level -> level.equals("nexus") ? name.equals("nexus") : within(name, level))
                .max((a, b) -> Integer.compare(a.length(), b.length()));
    }

    private static ArchCondition<JavaClass> pointDown() {
        return new ArchCondition<>("depend on lower levels or their own package tree only") {
            @Override
            public void check(JavaClass from, ConditionEvents events) {
                String home = packageOf(from.getPackageName()).orElse("nexus");
                from.getDirectDependenciesFromSelf().forEach(dependency -> {
                    Optional<String> target =
                            packageOf(dependency.getTargetClass().getPackageName());
                    boolean down = target.isEmpty() || target.get().equals(home) || level(target.get()) < level(home);
                    if (!down) {
                        events.add(SimpleConditionEvent.violated(from, dependency.getDescription()));
                    }
                });
            }
        };
    }

    private static int level(String name) {
        Integer level = LEVELS.get(name);
        if (level == null) {
            throw new IllegalStateException("no level for " + name);
        }
        return level;
    }
}
