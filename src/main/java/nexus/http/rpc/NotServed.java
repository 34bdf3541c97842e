package nexus.http.rpc;

import java.util.Set;

/** Methods that Nexus clients know and this server does not serve: told apart from misspelt ones. */
final class NotServed {
    private static final Set<String> KNOWN = Set.of(
            "edit",
            "delta_read",
            "delta_write",
            "lock",
            "extend_lock",
            "unlock",
            "wait_for_changes",
            "rebac_explain",
            "rebac_list_objects",
            "rebac_expand_with_privacy",
            "list_incoming_shares",
            "grant_consent",
            "revoke_consent",
            "make_public",
            "make_private",
            "namespace_create",
            "namespace_list",
            "namespace_delete",
            "get_namespace",
            "register_namespace",
            "get_rebac_option",
            "set_rebac_option",
            "search");

    private NotServed() {}

    static String messageOf(String method) {
        return KNOWN.contains(method) ? "method '" + method + "' is not served" : "unknown method '" + method + "'";
    }

    static Set<String> known() {
        return KNOWN;
    }
}
