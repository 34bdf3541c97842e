package nexus.rebac.schema;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The system model of every tenant's workspace, from {@code nexus/workspace.fga} inside the jar. */
public final class WorkspaceModel {
    private static final String RESOURCE = "/nexus/workspace.fga";

    private WorkspaceModel() {}

    /** The one instance, parsed when it is first asked for. */
    public static AuthorizationModel get() {
        return Loaded.MODEL;
    }

    private static final class Loaded {
        static final AuthorizationModel MODEL = ModelParser.parse(text());

        private static String text() {
            try (InputStream resource = WorkspaceModel.class.getResourceAsStream(RESOURCE)) {
                if (resource == null) {
                    throw new IllegalStateException(RESOURCE + " is missing from the jar");
                }
                return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(RESOURCE, e);
            }
        }
    }
}
