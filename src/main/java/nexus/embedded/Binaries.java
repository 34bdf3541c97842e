package nexus.embedded;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The PostgreSQL programs, unpacked from the class path once and shared by all data directories of a user.
 *
 * <p>They are never unpacked to the common temporary directory: another user could be there first, with programs of his
 * own. A directory under its final name is whole: it is filled under another name, and renamed. A power cut can still
 * leave empty files, so the number and size of the files is compared at each start (about 10 ms).
 */
record Binaries(Path home, int major) {

    private static final String CENSUS = "census";

    Path tool(String name) {
        return home.resolve("bin").resolve(name);
    }

    /** Finds or makes the unpacked programs below {@code cache}. */
    static Binaries unpack(Path cache) {
        URL archive = archive();
        try {
            Path home = cache.resolve("postgres-" + fingerprint(archive));
            if (!isWhole(home)) {
                DurableFiles.deleteTree(home);
                unpack(archive, cache, home);
            }
            return new Binaries(home, major(home));
        } catch (IOException e) {
            throw new EmbeddedException("cannot unpack PostgreSQL to " + cache + ": " + e, e);
        }
    }

    /** Whether programs in this directory can be trusted and executed by the user of this process. */
    static boolean isUsable(Path cache, int user) {
        try {
            Files.createDirectories(cache, PosixFilePermissions.asFileAttribute(DurableFiles.OWNER_ONLY_DIRECTORY));
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(cache);
            return Files.isWritable(cache)
                    && Files.getAttribute(cache, "unix:uid").equals(user)
                    && !mode.contains(PosixFilePermission.GROUP_WRITE)
                    && !mode.contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static URL archive() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String name = "postgres-" + (system.startsWith("mac") ? "darwin" : system) + "-"
                + (machine.equals("aarch64") ? "arm_64" : "x86_64") + ".txz";
        URL url = Binaries.class.getClassLoader().getResource(name);
        if (url == null) {
            throw new EmbeddedException("this build has no PostgreSQL for " + system + " on " + machine + " (" + name
                    + "); give a database with --database-url");
        }
        return url;
    }

    /** From the jar's table of contents, because reading 15 MB at every start costs more than starting PostgreSQL. */
    private static String fingerprint(URL archive) throws IOException {
        URLConnection connection = archive.openConnection();
        if (connection instanceof JarURLConnection jar) {
            return Long.toHexString(jar.getJarEntry().getSize()) + "-"
                    + Long.toHexString(jar.getJarEntry().getCrc());
        }
        return Long.toHexString(connection.getContentLengthLong()) + "-"
                + Long.toHexString(connection.getLastModified());
    }

    private static void unpack(URL archive, Path cache, Path home) throws IOException {
        Path temporary = Files.createTempDirectory(cache, "unpacking-");
        try {
            try (InputStream in = new BufferedInputStream(archive.openStream());
                    TarArchiveInputStream tar = new TarArchiveInputStream(new XZInputStream(in))) {
                extract(tar, temporary);
            }
            // The programs may be run by another user than the one who unpacked them.
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
            DurableFiles.write(temporary.resolve(CENSUS), census(temporary));
            DurableFiles.rename(temporary, home);
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            // Another process of this user was faster, and what it made is the same.
            if (!isWhole(home)) {
                throw e;
            }
        } finally {
            DurableFiles.deleteTree(temporary);
        }
    }

    private static void extract(TarArchiveInputStream tar, Path target) throws IOException {
        TarArchiveEntry entry;
        while ((entry = tar.getNextEntry()) != null) {
            Path file = target.resolve(entry.getName()).normalize();
            if (!file.startsWith(target)) {
                throw new IOException("entry outside of the archive: " + entry.getName());
            }
            if (entry.isDirectory()) {
                Files.createDirectories(file);
            } else if (entry.isSymbolicLink()) {
                Files.createSymbolicLink(file, Path.of(entry.getLinkName()));
            } else {
                Files.createDirectories(file.resolveSibling("."));
                Files.copy(tar, file);
                Files.setPosixFilePermissions(file, mode(entry));
            }
        }
    }

    private static Set<PosixFilePermission> mode(TarArchiveEntry entry) {
        boolean program = (entry.getMode() & 0100) != 0;
        return EnumSet.copyOf(PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
    }

    private static boolean isWhole(Path home) throws IOException {
        Path census = home.resolve(CENSUS);
        return Files.isRegularFile(census) && Files.readString(census).equals(census(home));
    }

    private static String census(Path home) throws IOException {
        long files = 0;
        long bytes = 0;
        try (Stream<Path> tree = Files.walk(home)) {
            for (Iterator<Path> paths = tree.iterator(); paths.hasNext(); ) {
                Path path = paths.next();
                BasicFileAttributes attributes =
                        Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                if (attributes.isRegularFile() && !path.equals(home.resolve(CENSUS))) {
                    files++;
                    bytes += attributes.size();
                }
            }
        }
        return "files=" + files + " bytes=" + bytes + "\n";
    }

    /** The catalogue's bootstrap script begins with the release that it is for. */
    private static int major(Path home) throws IOException {
        Path script = home.resolve("share/postgresql/postgres.bki");
        try (BufferedReader reader = Files.newBufferedReader(script)) {
            String first = String.valueOf(reader.readLine());
            String number = first.replaceAll("[^0-9]", "");
            if (number.isEmpty() || number.length() > 4) {
                throw new IOException("no version in " + script + ": " + first);
            }
            return Integer.parseInt(number);
        }
    }
}
