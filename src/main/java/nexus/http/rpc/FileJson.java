package nexus.http.rpc;

import nexus.http.json.JsonWriter;
import nexus.kernel.WorkspacePath;
import nexus.tenant.Reply.FileInfo;

/** The shapes in which Nexus' methods show a file; each method of the original has its own. */
final class FileJson {
    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;
    private static final int DIRECTORY_SIZE = 4096;

    private FileJson() {}

    /** After a write: etag, version, modified_at, size. */
    static void written(JsonWriter out, FileInfo file) {
        out.object();
        writtenMembers(out, file);
        out.endObject();
    }

    static void writtenMembers(JsonWriter out, FileInfo file) {
        out.put("etag", file.etag())
                .put("version", file.version())
                .name("modified_at")
                .time(file.modifiedAt())
                .put("size", file.size());
    }

    /** As stat shows it: times are plain strings. */
    static void stat(JsonWriter out, FileInfo file) {
        out.object()
                .put("path", file.path())
                .put("size", file.size())
                .put("etag", file.etag())
                .put("version", file.version())
                .name("modified_at")
                .isoTime(file.modifiedAt())
                .put("is_directory", file.directory())
                .endObject();
    }

    /** An entry of a listing. */
    static void entry(JsonWriter out, FileInfo file, boolean details) {
        out.object()
                .put("path", file.path())
                .put("name", WorkspacePath.nameOf(file.path()))
                .put("is_directory", file.directory())
                .put("size", file.size())
                .put("etag", file.etag())
                .name("modified_at")
                .time(file.modifiedAt());
        if (details) {
            out.name("created_at")
                    .time(file.createdAt())
                    .put("mime_type", file.directory() ? null : MimeTypes.of(file.path()))
                    .put("version", file.version())
                    .put("created_by", file.createdBy());
        }
        out.endObject();
    }

    /** As get_metadata shows it: like a file of a POSIX system. */
    static void posix(JsonWriter out, FileInfo file) {
        String owner = file.createdBy().substring(file.createdBy().indexOf(':') + 1);
        out.object()
                .put("path", file.path())
                .put("size", file.directory() ? DIRECTORY_SIZE : file.size())
                .put("mime_type", file.directory() ? "inode/directory" : MimeTypes.of(file.path()))
                .name("created_at")
                .isoTime(file.createdAt())
                .name("modified_at")
                .isoTime(file.modifiedAt())
                .put("is_directory", file.directory())
                .put("owner", owner)
                .put("group", owner)
                .put("mode", file.directory() ? DIRECTORY_MODE : FILE_MODE)
                .endObject();
    }

    /** As metadata_batch shows it. */
    static void backend(JsonWriter out, FileInfo file) {
        nexus.kernel.ZoneName zone = WorkspacePath.parse(file.path()).zone();
        out.object()
                .put("path", file.path())
                .put("backend_name", "nexus")
                .put("physical_path", file.etag())
                .put("size", file.size())
                .put("etag", file.etag())
                .put("mime_type", file.directory() ? null : MimeTypes.of(file.path()))
                .name("created_at")
                .time(file.createdAt())
                .name("modified_at")
                .time(file.modifiedAt())
                .put("version", file.version())
                .put("zone_id", zone == null ? null : zone.value())
                .put("is_directory", file.directory())
                .endObject();
    }
}
