package nexus.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import nexus.kernel.WorkspacePath.Place;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkspacePathTest {
    @ParameterizedTest
    @CsvSource({
        "/, /, TOP",
        "/tenants, /tenants, TENANTS",
        "/tenants/, /tenants, TENANTS",
        "tenants/acme, /tenants/acme, TENANT",
        "//tenants//acme//a/, /tenants/acme/a, TENANT",
        "/tenants/acme/a b/c, /tenants/acme/a b/c, TENANT",
        "/Tenants/acme, /Tenants/acme, ELSEWHERE",
        "/tenants/Acme, /tenants/Acme, ELSEWHERE",
        "/tenants/acme-, /tenants/acme-, ELSEWHERE",
        "/zone/beta/x, /zone/beta/x, ELSEWHERE",
        "/exports/acme.tar.gz, /exports/acme.tar.gz, ELSEWHERE",
    })
    void normalisesAsNexusDoes(String text, String wire, Place place) {
        WorkspacePath path = WorkspacePath.parse(text);
        assertEquals(wire, path.wire());
        assertEquals(place, path.place());
        assertEquals(path, WorkspacePath.parse(path.wire()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "/tenants/acme/../beta",
                "/tenants/acme/./a",
                "..",
                "/tenants/acme/%2e%2e/beta",
                "/tenants/acme/%252e%252e/beta",
                "/tenants/acme%2fbeta",
                "/tenants/acme/%5Cx",
                "/tenants/acme/a%00",
                "/tenants/acme/a\u0000b",
                "/tenants/acme/a\nb",
                "/tenants/acme/a\tb",
                "/tenants/acme/a\u0085b",
                "/tenants/acme\\beta",
                "/tenants/acme/ a",
                "/tenants/acme/a /b",
                "/tenants/acme/\u00a0a",
                "/tenants/acme/\uff0e\uff0e/beta",
                "/tenants/acme/\u2025/beta",
                "/tenants/acme/a\uff0fb",
                "/tenants/acme/a\uff3cb",
                "/tenants/acme/\ud800",
                "/tenants/acme/\udc00x",
            })
    void refusesWhatCouldBeTakenForAnotherPath(String text) {
        ProblemException refused = assertThrows(ProblemException.class, () -> WorkspacePath.parse(text));
        assertEquals(ProblemCode.INVALID_PATH, refused.problem().code());
    }

    @Test
    void limitsAreExact() {
        String name = "n".repeat(Limits.NAME_BYTES);
        WorkspacePath.parse("/tenants/acme/" + name);
        assertThrows(ProblemException.class, () -> WorkspacePath.parse("/tenants/acme/" + name + "n"));
        String deep = "/tenants/acme" + "/d".repeat(Limits.PATH_DEPTH);
        WorkspacePath.parse(deep);
        assertThrows(ProblemException.class, () -> WorkspacePath.parse(deep + "/d"));
        assertThrows(ProblemException.class, () -> WorkspacePath.parse("/" + "a/".repeat(Limits.PATH_BYTES)));
    }

    @Test
    void namesCompareByteForByte() {
        assertNotEquals(WorkspacePath.parse("/tenants/acme/\u00e9"), WorkspacePath.parse("/tenants/acme/e\u0301"));
        assertNotEquals(WorkspacePath.parse("/tenants/acme/A"), WorkspacePath.parse("/tenants/acme/a"));
    }

    @Test
    void theServersOwnPathsAreKnown() {
        assertEquals(true, WorkspacePath.isControl("/.tenant.json"));
        assertEquals(true, WorkspacePath.isControl("/.audit"));
        assertEquals(true, WorkspacePath.isControl("/.audit/anything"));
        assertEquals(true, WorkspacePath.isControl("/shared/from-x/.share-1.json"));
        assertEquals(false, WorkspacePath.isControl("/.auditor"));
        assertEquals(false, WorkspacePath.isControl("/a/.tenant.json"));
    }
}
