package nexus.tenant;

import java.util.List;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import org.jspecify.annotations.Nullable;

/**
 * What a request that goes through a share names: the tenant in whose tree it is asked, and the one whose files are meant.
 *
 * <p>A share answers reading, stat, listing, and writing where it permits that; no request of another kind is ever one of
 * these, nor is one that names paths inside and outside of one tenant's shares.
 *
 * @param target the tenant of the caller, as the path says: whether it is, is for that tenant to judge
 * @param source the tenant that shares, as the path says
 * @param first the first path of the request
 */
public record Mounted(ZoneName target, ZoneName source, WorkspacePath first) {
    /** What a request names, or null if it does not go through a share. */
    public static @Nullable Mounted of(TenantRequest request) {
        List<WorkspacePath> paths = paths(request);
        Mounted mounted = null;
        for (WorkspacePath path : paths) {
            ZoneName target = path.zone();
            ZoneName source = path.source();
            if (target == null || source == null) {
                return null;
            }
            if (mounted == null) {
                mounted = new Mounted(target, source, path);
            } else if (!mounted.target.equals(target) || !mounted.source.equals(source)) {
                return null;
            }
        }
        return mounted;
    }

    private static List<WorkspacePath> paths(TenantRequest request) {
        if (request instanceof TenantRequest.Stat stat) {
            return stat.paths();
        } else if (request instanceof TenantRequest.ReadFile read) {
            return read.version() == null ? List.of(read.path()) : List.of();
        } else if (request instanceof TenantRequest.ListFiles list) {
            return List.of(list.folder());
        } else if (request instanceof TenantRequest.PrepareWrite prepare) {
            return List.of(prepare.path());
        } else if (request instanceof TenantRequest.WriteFiles writes) {
            return writes.writes().stream().map(TenantRequest.FileWrite::path).toList();
        } else if (request instanceof TenantRequest.AppendFile append) {
            return List.of(append.path());
        } else if (request instanceof TenantRequest.MakeDirectory make) {
            // The folder of a tenant's shares is never made: it is there when there are shares.
            return make.path().relative().equals(rootOf(make.path())) ? List.of() : List.of(make.path());
        }
        return List.of();
    }

    private static @Nullable String rootOf(WorkspacePath path) {
        ZoneName source = path.source();
        return source == null ? null : WorkspacePath.sharedFrom(source);
    }
}
