package nexus.http.rpc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import nexus.http.json.JsonFormatException;
import nexus.http.json.JsonReader;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.WorkspacePath;

/** Application entries on their way into the audit log: one JSON object on each line. */
final class AuditLines {
    private AuditLines() {}

    /** The entries, each compacted to one line; at least one. */
    static List<String> parse(byte[] bytes, WorkspacePath path) {
        List<String> lines = new ArrayList<>();
        int number = 0;
        for (int start = 0; start < bytes.length; ) {
            int end = start;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            number++;
            byte[] line = Arrays.copyOfRange(bytes, start, end);
            if (!isBlank(line)) {
                lines.add(entry(line, number, path));
            }
            start = end + 1;
        }
        if (lines.isEmpty()) {
            throw refused("an entry must be a JSON object on one line, there is none", path);
        }
        if (lines.size() > Limits.BATCH_ITEMS) {
            throw refused("there are " + lines.size() + " entries, the limit is " + Limits.BATCH_ITEMS, path);
        }
        return lines;
    }

    private static String entry(byte[] line, int number, WorkspacePath path) {
        if (line.length > Limits.AUDIT_ENTRY_BYTES) {
            throw refused(
                    "line " + number + " has " + line.length + " bytes, the limit is " + Limits.AUDIT_ENTRY_BYTES,
                    path);
        }
        try {
            String compact = JsonReader.compact(line);
            // Escapes can make a line longer than it came.
            int length = JsonReader.utf8(compact).length;
            if (length > Limits.AUDIT_ENTRY_BYTES) {
                throw refused(
                        "line " + number + " has " + length + " bytes, the limit is " + Limits.AUDIT_ENTRY_BYTES, path);
            }
            return compact;
        } catch (JsonFormatException e) {
            throw refused("line " + number + ": " + e.getMessage(), path);
        }
    }

    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }

    private static RuntimeException refused(String message, WorkspacePath path) {
        return Problem.refused(message, path.wire()).exception();
    }
}
