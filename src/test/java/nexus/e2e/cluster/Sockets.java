package nexus.e2e.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Where a process listens, as Linux tells in {@code /proc}. */
final class Sockets {
    private static final Path PROC = Path.of("/proc");
    private static final String LISTENING = "0A";

    private Sockets() {}

    /** Whether this system tells. */
    static boolean canBeSeen() {
        return Files.isReadable(PROC.resolve("self/net/tcp"));
    }

    /** The addresses, with ports, on which a process accepts TCP connections. */
    static List<String> listening(long pid) {
        Path process = PROC.resolve(Long.toString(pid));
        try {
            Set<String> own = inodes(process.resolve("fd"));
            List<String> found = new ArrayList<>();
            for (String table : List.of("tcp", "tcp6")) {
                for (String line : Files.readAllLines(process.resolve("net").resolve(table))) {
                    String[] cells = line.strip().split("\\s+");
                    if (cells[3].equals(LISTENING) && own.contains(cells[9])) {
                        found.add(address(cells[1]));
                    }
                }
            }
            return found;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<String> inodes(Path descriptors) throws IOException {
        Set<String> inodes = new HashSet<>();
        try (Stream<Path> all = Files.list(descriptors)) {
            for (Path descriptor : all.toList()) {
                String target = target(descriptor);
                if (target.startsWith("socket:[")) {
                    inodes.add(target.substring("socket:[".length(), target.length() - 1));
                }
            }
        }
        return inodes;
    }

    /** What a descriptor is, or nothing if it was closed meanwhile. */
    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            return "";
        }
    }

    /** The kernel writes the address in words of four bytes, each the wrong way round, and the port the right way. */
    private static String address(String hex) throws IOException {
        String[] parts = hex.split(":");
        byte[] bytes = new byte[parts[0].length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            int at = i / 4 * 4 + 3 - i % 4;
            bytes[at] = (byte) Integer.parseInt(parts[0].substring(2 * i, 2 * i + 2), 16);
        }
        return InetAddress.getByAddress(bytes).getHostAddress() + ":" + Integer.parseInt(parts[1], 16);
    }
}
