package nexus.http.rpc;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is at a path of a REST interface. */
public interface Resource {
    /** The methods of HTTP that it has, for {@code Allow}. */
    String allowed();

    /** The name of what a method of HTTP does here, one of a fixed set; empty if it has no such method. */
    Optional<String> operationName(String httpMethod);

    /**
     * What a method of HTTP does here.
     *
     * @param httpMethod one that it has
     * @param query the query string, null for none
     */
    Operation operation(String httpMethod, @Nullable String query);
}
