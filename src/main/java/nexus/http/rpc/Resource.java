package nexus.http.rpc;

import java.util.Optional;

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
     * @param head the rest of what the request says before its body
     */
    Operation operation(String httpMethod, RequestHead head);
}
