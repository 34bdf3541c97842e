package nexus.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * As whom the programs of PostgreSQL run. They refuse to run as root, so there root hides: in a user namespace of its
 * own, where the system calls do not show that it is root; and where such namespaces are forbidden (containers often
 * do), as another user, to whom the database's files are given. Once files belong to another user, he stays.
 *
 * @param prefix what stands before each command; it must replace itself by the command, so that the pid is the server's
 * @param user the owner of the database's files
 */
record Launcher(List<String> prefix, int user, int group) {

    /** Preferred first. A number alone would not do: initdb wants a name for it. */
    private static final List<String> OTHER_USERS = List.of("postgres", "nobody");

    private static final int ROOT = 0;

    /** Whether programs can be run under another user namespace here. */
    interface NamespaceProbe {
        boolean isAllowed(String unshare);
    }

    static Launcher choose(PostgresFiles files, NamespaceProbe probe) throws IOException {
        int self = currentUser(files.home());
        if (self != ROOT) {
            return new Launcher(List.of(), self, -1);
        }
        if (Files.exists(files.data()) && uid(files.data()) != ROOT) {
            return as(uid(files.data()), (Integer) Files.getAttribute(files.data(), "unix:gid"));
        }
        Optional<String> unshare = onPath("unshare");
        if (unshare.isPresent() && probe.isAllowed(unshare.get())) {
            return new Launcher(List.of(unshare.get(), "-U"), ROOT, ROOT);
        }
        for (String name : OTHER_USERS) {
            Optional<String[]> entry = passwd(name);
            if (entry.isPresent()) {
                return as(Integer.parseInt(entry.get()[2]), Integer.parseInt(entry.get()[3]));
            }
        }
        throw new EmbeddedException("PostgreSQL does not run as root, this system forbids user namespaces,"
                + " and has neither of the users " + OTHER_USERS + ": start the server as an ordinary user");
    }

    /** The server gets a session of its own, or Ctrl-C in a terminal would stop it before its clients. */
    List<String> server(List<String> command) {
        List<String> all = new ArrayList<>();
        onPath("setsid").ifPresent(all::add);
        all.addAll(command(command));
        return all;
    }

    List<String> command(List<String> command) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(command);
        return all;
    }

    boolean isAnotherUser() {
        return !prefix.isEmpty() && user != ROOT;
    }

    /** Gives the tree to the user under whom PostgreSQL runs. */
    void giveTree(Path root) throws IOException {
        if (!isAnotherUser() || uid(root) == user) {
            return;
        }
        List<Path> all;
        try (Stream<Path> tree = Files.walk(root)) {
            all = new ArrayList<>(tree.toList());
        }
        // The root last: it tells whether the work was done.
        Collections.reverse(all);
        for (Path path : all) {
            Files.setAttribute(path, "unix:gid", group, LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:uid", user, LinkOption.NOFOLLOW_LINKS);
        }
    }

    /** Lets the other user through, not in: he may pass the directory but not list it. */
    void openWay(Path directory) throws IOException {
        if (isAnotherUser()) {
            Set<PosixFilePermission> mode = EnumSet.copyOf(Files.getPosixFilePermissions(directory));
            mode.add(PosixFilePermission.GROUP_EXECUTE);
            mode.add(PosixFilePermission.OTHERS_EXECUTE);
            Files.setPosixFilePermissions(directory, mode);
        }
    }

    static int currentUser(Path directory) throws IOException {
        Path probe = Files.createTempFile(directory, "owner-", "");
        try {
            return uid(probe);
        } finally {
            Files.delete(probe);
        }
    }

    private static Launcher as(int user, int group) {
        String setpriv = onPath("setpriv")
                .orElseThrow(() -> new EmbeddedException("PostgreSQL does not run as root, and the program setpriv"
                        + " (package util-linux) is missing: start the server as an ordinary user"));
        List<String> prefix =
                List.of(setpriv, "--reuid=" + user, "--regid=" + group, "--clear-groups", "--inh-caps=-all", "--");
        return new Launcher(prefix, user, group);
    }

    private static int uid(Path path) throws IOException {
        return (Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    private static Optional<String[]> passwd(String name) throws IOException {
        Path passwd = Path.of("/etc/passwd");
        if (!Files.isReadable(passwd)) {
            return Optional.empty();
        }
        return Files.readAllLines(passwd).stream()
                .map(line -> line.split(":", -1))
                .filter(fields -> fields.length > 3 && fields[0].equals(name))
                .findFirst();
    }

    /** Only the system's own directories: root must not run what an odd PATH offers. */
    static Optional<String> onPath(String program) {
        return Stream.of("/usr/bin", "/bin", "/usr/sbin", "/sbin")
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}
