package nexus.placement;

import java.util.Set;

/**
 * Who is in the cluster, as its membership protocol sees it. It decides nothing: a member without a live lease gets no
 * tenants, and a tenant's owner is judged by the database.
 */
public interface Membership {
    /** The id of this process among the members. */
    String self();

    /** The ids of the members, this process included. Called on event loops; must not wait. */
    Set<String> members();

    /** Calls back, on any thread, when somebody joined or left. */
    void onChange(Runnable changed);
}
