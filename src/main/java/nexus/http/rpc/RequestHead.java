package nexus.http.rpc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a request says before its body, for those who need more of it than its path. */
public interface RequestHead {
    /** The query string, null for none. */
    @Nullable
    String query();

    /** The values of a header, in their order; empty if it is not there. */
    List<String> headers(String name);
}
