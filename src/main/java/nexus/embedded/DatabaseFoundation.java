package nexus.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/**
 * Makes the database files, once. They are made under another name and renamed when they are complete, so a start that
 * was cut short is simply begun again. The password is written first and kept, because the files hold its hash.
 */
record DatabaseFoundation(PostgresFiles files, Binaries binaries, Launcher launcher, Tools tools) {

    static final String DATABASE = "nexus";
    static final String USER = "nexus";

    private static final int PASSWORD_BYTES = 32;
    private static final Duration INITDB_MAX = Duration.ofMinutes(2);
    private static final Duration SINGLE_USER_MAX = Duration.ofMinutes(1);

    /** Makes the files unless they exist. Returns the password. */
    String lay(SecureRandom random) throws IOException, InterruptedException {
        if (Files.exists(files.data())) {
            checkVersion();
            launcher.giveTree(files.data());
            return password();
        }
        if (!Files.exists(files.password())) {
            byte[] bytes = new byte[PASSWORD_BYTES];
            random.nextBytes(bytes);
            DurableFiles.write(
                    files.password(), Base64.getUrlEncoder().withoutPadding().encodeToString(bytes) + "\n");
        }
        String password = password();
        clearUnfinished();
        initialise(password);
        createDatabase();
        DurableFiles.rename(files.unfinishedData(), files.data());
        return password;
    }

    private void checkVersion() throws IOException {
        Path file = files.data().resolve("PG_VERSION");
        if (!Files.exists(file)) {
            throw new EmbeddedException(files.data() + " is not a PostgreSQL data directory (no PG_VERSION)");
        }
        String found = Files.readString(file).strip();
        if (!found.equals(Integer.toString(binaries.major()))) {
            throw new EmbeddedException("the database in " + files.data() + " was made by PostgreSQL " + found
                    + ", but this server brings PostgreSQL " + binaries.major()
                    + "; run it with the server version that made it, or upgrade it with pg_upgrade");
        }
    }

    private String password() throws IOException {
        if (!Files.exists(files.password())) {
            throw new EmbeddedException("the database in " + files.data() + " has no password file any more ("
                    + files.password() + "); restore it together with the data");
        }
        return Files.readString(files.password()).strip();
    }

    private void clearUnfinished() throws IOException {
        PostgresProcesses.of(files.unfinishedData()).forEach(ProcessHandle::destroyForcibly);
        DurableFiles.deleteTree(files.unfinishedData());
        DurableFiles.createDirectory(files.unfinishedData());
        launcher.giveTree(files.unfinishedData());
    }

    /** Text is compared by its bytes: the order of an index must not change with the system's language. */
    private void initialise(String password) throws IOException, InterruptedException {
        Path passwordCopy = files.home().resolve("password.initdb");
        DurableFiles.write(passwordCopy, password + "\n");
        launcher.giveTree(passwordCopy);
        try {
            tools.run(
                    launcher.command(List.of(
                            binaries.tool("initdb").toString(),
                            "--pgdata=" + files.unfinishedData(),
                            "--username=" + USER,
                            "--pwfile=" + passwordCopy,
                            "--auth=scram-sha-256",
                            "--encoding=UTF8",
                            "--locale=C",
                            "--locale-provider=builtin",
                            "--builtin-locale=C.UTF-8",
                            "--data-checksums")),
                    "",
                    INITDB_MAX);
        } finally {
            Files.deleteIfExists(passwordCopy);
        }
    }

    /** In single-user mode, which needs neither a port nor a client. */
    private void createDatabase() throws IOException, InterruptedException {
        tools.run(
                launcher.command(List.of(
                        binaries.tool("postgres").toString(),
                        "--single",
                        "-j",
                        "-c",
                        "shared_buffers=16MB",
                        "-D",
                        files.unfinishedData().toString(),
                        "postgres")),
                "CREATE DATABASE " + DATABASE + ";\n\n",
                SINGLE_USER_MAX);
    }
}
