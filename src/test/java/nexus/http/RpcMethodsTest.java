package nexus.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import nexus.http.json.JsonReader;
import nexus.http.rpc.RpcOptions;
import nexus.kernel.ContentHash;
import nexus.kernel.FileId;
import nexus.kernel.KeyId;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.Ulid;
import nexus.kernel.WorkspacePath;
import nexus.kernel.ZoneName;
import nexus.rebac.tuple.ObjectRef;
import nexus.rebac.tuple.RelationTuple;
import nexus.rebac.tuple.SubjectRef;
import nexus.store.Content;
import nexus.store.FileVersion;
import nexus.store.KeyRecord;
import nexus.store.TupleRow;
import nexus.tenant.Ask;
import nexus.tenant.Reply;
import nexus.tenant.TenantRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Each method as clients call it: what the tenant is asked, and what comes back, byte for byte. One file on purpose: it is
 * the table of the wire.
 */
class RpcMethodsTest {
    private static final ZoneName ACME = new ZoneName("acme");
    private static final ZoneName BETA = new ZoneName("beta");
    private static final Instant TIME = Instant.parse("2026-02-14T03:04:05.123456Z");
    private static final String TYPED = "{\"__type__\":\"datetime\",\"data\":\"2026-02-14T03:04:05.123456+00:00\"}";
    private static final String ISO = "\"2026-02-14T03:04:05.123456+00:00\"";
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);
    private static final String HASH = ContentHash.of(HELLO).hex();
    private static final String HELLO_JSON = "{\"__type__\":\"bytes\",\"data\":\"aGVsbG8=\"}";
    private static final WorkspacePath X = path("/tenants/acme/x.txt");
    private static final String WRITTEN =
            "{\"etag\":\"" + HASH + "\",\"version\":3,\"modified_at\":" + TYPED + ",\"size\":5}";

    private static TestServer server;

    @BeforeAll
    static void start() {
        server = new TestServer(HttpOptions.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void reset() {
        server.gateway.script(RpcMethodsTest::ordinary);
    }

    private static WorkspacePath path(String text) {
        return WorkspacePath.parse(text);
    }

    private static Reply.FileInfo file(String path) {
        return new Reply.FileInfo(path, false, 3, 5, HASH, TIME, TIME, "user:alice");
    }

    private static Reply.FileInfo directory(String path) {
        return new Reply.FileInfo(path, true, 0, 0, null, null, null, "user:alice");
    }

    private static Reply.FileContent content(String path, byte[] bytes) {
        return new Reply.FileContent(TestServer.ACME, file(path), Content.Inline.of(bytes));
    }

    /** A tenant in which every path is a file with the content hello, and everything is allowed. */
    private static Reply ordinary(Ask ask) {
        TenantRequest request = ask.request();
        if (request instanceof TenantRequest.RequireSystem && !ask.credential().isSystem()) {
            throw Problem.forbidden("Admin privileges required for this operation", null)
                    .exception();
        }
        if (request instanceof TenantRequest.WhoAmI || request instanceof TenantRequest.RequireSystem) {
            return ask.credential().isSystem()
                    ? new Reply.Identity("user", "admin", null, true)
                    : new Reply.Identity("user", "alice", ACME, false);
        }
        if (request instanceof TenantRequest.Stat stat) {
            return new Reply.Stats(stat.paths().stream()
                    .map(path -> new Reply.StatResult(file(path.wire()), null))
                    .toList());
        }
        if (request instanceof TenantRequest.ReadFile read) {
            return content(read.path().wire(), HELLO);
        }
        if (request instanceof TenantRequest.WriteFiles write) {
            return new Reply.Written(
                    write.writes().stream().map(one -> file(one.path().wire())).toList());
        }
        if (request instanceof TenantRequest.AppendFile
                || request instanceof TenantRequest.UpdateRecord
                || request instanceof TenantRequest.AppendAudit
                || request instanceof TenantRequest.CopyFile
                || request instanceof TenantRequest.Rollback) {
            return new Reply.Written(List.of(file(X.wire())));
        }
        if (request instanceof TenantRequest.ListFiles list) {
            return new Reply.Listing(
                    List.of(
                            directory(list.folder().wire() + "/d"),
                            file(list.folder().wire() + "/d/a.txt")),
                    null);
        }
        if (request instanceof TenantRequest.ListTenants) {
            return new Reply.Listing(List.of(directory("/tenants/acme"), directory("/tenants/beta")), null);
        }
        if (request instanceof TenantRequest.Check check) {
            boolean[] allowed = new boolean[check.items().size()];
            for (int i = 0; i < allowed.length; i++) {
                allowed[i] = check.items().get(i).permission().equals("read");
            }
            return new Reply.Checks(allowed);
        }
        if (request instanceof TenantRequest.Expand) {
            return new Reply.Subjects(List.of("user:alice", "user:x:y"));
        }
        if (request instanceof TenantRequest.CreateTuple) {
            return new Reply.Granted("tuple-id", 12);
        }
        if (request instanceof TenantRequest.DeleteTuple || request instanceof TenantRequest.RevokeShares) {
            return new Reply.Flag(true);
        }
        if (request instanceof TenantRequest.CreateShare || request instanceof TenantRequest.OfferShare) {
            return new Reply.Granted("share-id", 13);
        }
        if (request instanceof TenantRequest.BindShare) {
            return new Reply.Written(List.of(file("/tenants/beta/shared/from-acme/.share-1.json")));
        }
        if (request instanceof TenantRequest.ListShares list) {
            Reply.Share share = new Reply.Share(
                    "share-id", X.wire(), BETA, "tenant", "beta", "shared-editor", TIME, TIME.plusSeconds(1));
            return new Reply.Shares(ACME, list.offset() > 1 ? List.of() : List.of(share), 2);
        }
        if (request instanceof TenantRequest.ListTuples) {
            return new Reply.Tuples(TestServer.ACME, ACME, List.of(tuple("")));
        }
        if (request instanceof TenantRequest.ListVersions) {
            return new Reply.Versions(
                    List.of(version(2, "world", "rollback", 1L), version(1, "hello", "original", null)));
        }
        if (request instanceof TenantRequest.CreateKey create) {
            return keys(
                    ask,
                    new KeyRecord(
                            create.key(),
                            create.secretHash(),
                            create.name(),
                            create.userId(),
                            create.subjectType(),
                            create.subjectId(),
                            create.systemAdministrator(),
                            false,
                            TIME,
                            create.expiresAt(),
                            null,
                            null));
        }
        if (request instanceof TenantRequest.GetKey
                || request instanceof TenantRequest.ListKeys
                || request instanceof TenantRequest.RevokeKey
                || request instanceof TenantRequest.UpdateKey) {
            return keys(ask, key(ask.zone() == null ? "admin" : "alice"));
        }
        if (request instanceof TenantRequest.ProvisionUser provision) {
            return new Reply.Provisioned(
                    TestServer.ACME,
                    ACME,
                    provision.userId(),
                    provision.email(),
                    provision.displayName(),
                    true,
                    provision.key(),
                    "/tenants/acme/users/bob",
                    List.of("/tenants/acme/users", "/tenants/acme/users/bob"),
                    List.of("UntrustedAgent"),
                    List.of("/tenants/acme/users/bob/agent/UntrustedAgent"));
        }
        if (request instanceof TenantRequest.DeprovisionUser deprovision) {
            return new Reply.Deprovisioned(
                    ACME, deprovision.userId(), "/tenants/acme/users/bob", 3, 2, 1, deprovision.deleteRecord());
        }
        return Reply.Done.DONE;
    }

    private static TupleRow tuple(String relation) {
        return new TupleRow(
                new UUID(3, 4),
                new RelationTuple(
                        new ObjectRef("file", "/tenants/acme"), "owner", new SubjectRef("user", "alice", relation)),
                TIME,
                null);
    }

    private static FileVersion version(long number, String content, String source, @Nullable Long parent) {
        byte[] bytes = content.repeat((int) number).getBytes(StandardCharsets.UTF_8);
        return new FileVersion(
                new FileId(new UUID(1, 1)),
                number,
                bytes.length,
                ContentHash.of(bytes),
                TIME,
                "user:alice",
                source,
                parent);
    }

    private static KeyRecord key(String user) {
        return new KeyRecord(
                new KeyId(new UUID(5, 6)),
                new byte[16],
                "n",
                user,
                "user",
                user,
                user.equals("admin"),
                false,
                TIME,
                null,
                null,
                TIME);
    }

    private static Reply keys(Ask ask, KeyRecord key) {
        return new Reply.Keys(ask.zone() == null ? TenantId.SYSTEM : TestServer.ACME, ask.zone(), List.of(key), 1);
    }

    private static <T extends TenantRequest> T asked(Class<T> kind) {
        List<TenantRequest> found =
                server.gateway.requests().stream().filter(kind::isInstance).toList();
        assertEquals(1, found.size(), () -> "asked: " + server.gateway.requests());
        return kind.cast(found.get(0));
    }

    // ---- the filesystem ---------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mkdir|{\"path\":\"/tenants/acme/d\"}|{\"created\":true}",
                "mkdir|{\"path\":\"/tenants/acme/d\",\"parents\":true,\"exist_ok\":null}|{\"created\":true}",
                "rmdir|{\"path\":\"/tenants/acme/d\"}|{\"removed\":true}",
                "rmdir|{\"path\":\"/tenants/acme/d\",\"recursive\":true}|{\"removed\":true}",
                "delete|{\"path\":\"/tenants/acme/d\"}|{\"deleted\":true}",
                "rename|{\"old_path\":\"/tenants/acme/a\",\"new_path\":\"/tenants/acme/b\"}|{\"renamed\":true}",
                "copy|{\"src_path\":\"/tenants/acme/a\",\"dst_path\":\"/tenants/acme/b\"}|{\"copied\":true}",
                "exists|{\"path\":\"/tenants/acme/a\"}|{\"exists\":true}",
                "is_directory|{\"path\":\"/tenants/acme/a\"}|{\"is_directory\":false}",
                "read|{\"path\":\"/tenants/acme/x.txt\",\"return_metadata\":false}|"
                        + "{\"__type__\":\"bytes\",\"data\":\"aGVsbG8=\"}",
                "read|{\"path\":\"/tenants/acme/x.txt\",\"parsed\":false,\"return_url\":false,\"expires_in\":3600}|"
                        + "{\"__type__\":\"bytes\",\"data\":\"aGVsbG8=\"}",
                "read_range|{\"path\":\"/tenants/acme/x.txt\",\"start\":1,\"end\":3}|{\"__type__\":\"bytes\",\"data\":\"ZWw=\"}",
                "read_range|{\"path\":\"/tenants/acme/x.txt\",\"start\":4,\"end\":300}|{\"__type__\":\"bytes\",\"data\":\"bw==\"}",
                "read_range|{\"path\":\"/tenants/acme/x.txt\",\"start\":9,\"end\":300}|{\"__type__\":\"bytes\",\"data\":\"\"}",
                "get_version|{\"path\":\"/tenants/acme/x.txt\",\"version\":1}|{\"__type__\":\"bytes\",\"data\":\"aGVsbG8=\"}",
                "rollback|{\"path\":\"/tenants/acme/x.txt\",\"version\":1}|null",
                "get_available_namespaces|{}|{\"namespaces\":[\"archives\",\"external\",\"shared\",\"workspace\"]}",
                "rebac_check|{\"subject\":[\"user\",\"alice\"],\"permission\":\"read\",\"object\":[\"file\",\"/tenants/acme/x\"],\"zone_id\":\"acme\",\"consistency_mode\":null,\"min_revision\":null}|true",
                "rebac_check|{\"subject\":[\"user\",\"alice\"],\"permission\":\"write\",\"object\":[\"file\",\"/tenants/acme/x\"],\"consistency_mode\":\"fully_consistent\",\"min_revision\":4}|false",
                "rebac_check_batch|{\"checks\":[[[\"user\",\"a\"],\"write\",[\"file\",\"/tenants/acme/x\"]],[[\"group\",\"g\",\"member\"],\"read\",[\"doc\",\"1\"]]]}|[false,true]",
                "rebac_check_batch|{\"checks\":[]}|[]",
                "rebac_expand|{\"permission\":\"read\",\"object\":[\"file\",\"/tenants/acme/x\"]}|[[\"user\",\"alice\"],[\"user\",\"x:y\"]]",
                "rebac_delete|{\"tuple_id\":\"no-such\"}|false",
                "write_batch|{\"files\":[]}|[]",
                "exists_batch|{\"paths\":[\"/tenants/acme/a\",\"/tenants/acme/../b\",\"tenants/acme/a/\"]}|{\"/tenants/acme/a\":true,\"/tenants/acme/../b\":false,\"tenants/acme/a/\":true}",
                "delete_bulk|{\"paths\":[\"/tenants/acme/a\",\"\"],\"recursive\":false}|{\"/tenants/acme/a\":{\"success\":true},\"\":{\"success\":false,\"error\":\"the path is empty\",\"reason\":\"invalid_path\"}}",
                "rename_bulk|{\"renames\":[[\"/tenants/acme/a\",\"tenants/acme/b/\"]]}|{\"/tenants/acme/a\":{\"success\":true,\"new_path\":\"/tenants/acme/b\"}}",
                "glob|{\"pattern\":\"*.txt\",\"path\":\"/tenants/acme\"}|{\"matches\":[\"/tenants/acme/d/a.txt\"]}",
                "glob|{\"pattern\":\"/*.txt\",\"path\":\"/tenants/acme\"}|{\"matches\":[]}",
                "glob|{\"pattern\":\"*.txt\"}|{\"matches\":[\"/tenants/acme/d/a.txt\",\"/tenants/beta/d/a.txt\"]}",
                "glob_batch|{\"patterns\":[\"a.*\",\"b.*\"],\"path\":\"/tenants/acme\"}|{\"a.*\":[\"/tenants/acme/d/a.txt\"],\"b.*\":[]}",
                "grep|{\"pattern\":\"l+\",\"path\":\"/tenants/acme\",\"file_pattern\":null,\"ignore_case\":false,\"max_results\":1000,\"search_mode\":\"auto\"}|{\"results\":[{\"file\":\"/tenants/acme/d/a.txt\",\"line\":1,\"content\":\"hello\",\"match\":\"ll\"}]}",
                "grep|{\"pattern\":\"HELL\",\"path\":\"/tenants/acme\",\"ignore_case\":true}|{\"results\":[{\"file\":\"/tenants/acme/d/a.txt\",\"line\":1,\"content\":\"hello\",\"match\":\"hell\"}]}",
                "grep|{\"pattern\":\"l\",\"path\":\"/tenants/acme\",\"file_pattern\":\"*.md\"}|{\"results\":[]}",
                "list|{\"path\":\"/tenants\",\"recursive\":false}|{\"files\":[{\"path\":\"/tenants/acme\",\"name\":\"acme\",\"is_directory\":true,\"size\":0,\"etag\":null,\"modified_at\":null},{\"path\":\"/tenants/beta\",\"name\":\"beta\",\"is_directory\":true,\"size\":0,\"etag\":null,\"modified_at\":null}],\"has_more\":false,\"next_cursor\":null}",
            })
    void answersAsTheWireSays(String method, String params, String result) {
        assertEquals(result, server.result(method, params));
    }

    @Test
    void readWithMetadataAndTheOtherShapesOfAFile() {
        assertEquals(
                "{\"content\":" + HELLO_JSON + "," + WRITTEN.substring(1),
                server.result("read", "{\"path\":\"/tenants/acme/x.txt\",\"return_metadata\":true}"));
        String stat = "{\"path\":\"/tenants/acme/x.txt\",\"size\":5,\"etag\":\"" + HASH
                + "\",\"version\":3,\"modified_at\":" + ISO + ",\"is_directory\":false}";
        assertEquals(stat, server.result("stat", "{\"path\":\"/tenants/acme/x.txt\"}"));
        assertEquals(
                "{\"tenants/acme/x.txt\":" + stat + ",\"..\":null}",
                server.result("stat_bulk", "{\"paths\":[\"tenants/acme/x.txt\",\"..\"],\"skip_errors\":true}"));
        assertEquals(
                "{\"metadata\":{\"path\":\"/tenants/acme/x.txt\",\"size\":5,\"mime_type\":\"text/plain\",\"created_at\":"
                        + ISO
                        + ",\"modified_at\":" + ISO
                        + ",\"is_directory\":false,\"owner\":\"alice\",\"group\":\"alice\",\"mode\":420}}",
                server.result("get_metadata", "{\"path\":\"/tenants/acme/x.txt\"}"));
        assertEquals("{\"etag\":\"" + HASH + "\"}", server.result("get_etag", "{\"path\":\"/tenants/acme/x.txt\"}"));
        assertEquals(
                "{\"/tenants/acme/x.txt\":{\"path\":\"/tenants/acme/x.txt\",\"backend_name\":\"nexus\",\"physical_path\":\""
                        + HASH
                        + "\",\"size\":5,\"etag\":\"" + HASH + "\",\"mime_type\":\"text/plain\",\"created_at\":" + TYPED
                        + ",\"modified_at\":" + TYPED
                        + ",\"version\":3,\"zone_id\":\"acme\",\"is_directory\":false}}",
                server.result("metadata_batch", "{\"paths\":[\"/tenants/acme/x.txt\"]}"));
        assertEquals(
                "{\"/tenants/acme/x.txt\":" + HELLO_JSON + ",\"..\":null}",
                server.result("read_bulk", "{\"paths\":[\"/tenants/acme/x.txt\",\"..\"]}"));
        assertEquals(
                "{\"/tenants/acme/x.txt\":{\"content\":" + HELLO_JSON + "," + WRITTEN.substring(1) + "}",
                server.result("read_bulk", "{\"paths\":[\"/tenants/acme/x.txt\"],\"return_metadata\":true}"));
    }

    @Test
    void writesInBothDialects() {
        for (String content : List.of(HELLO_JSON, "\"hello\"")) {
            for (String more : List.of("", ",\"if_match\":null,\"if_none_match\":false,\"force\":false")) {
                reset();
                assertEquals(
                        "{\"bytes_written\":" + WRITTEN + "}",
                        server.result(
                                "write", "{\"path\":\"/tenants/acme/x.txt\",\"content\":" + content + more + "}"));
                TenantRequest.FileWrite write =
                        asked(TenantRequest.WriteFiles.class).writes().get(0);
                assertArrayEquals(HELLO, ((Content.Inline) write.content()).bytes());
                assertNull(write.ifMatch());
                assertFalse(write.ifNoneMatch());
            }
        }
        reset();
        server.result(
                "write",
                "{\"path\":\"/tenants/acme/x.txt\",\"content\":\"\",\"if_match\":\"e\",\"if_none_match\":true}");
        TenantRequest.FileWrite write =
                asked(TenantRequest.WriteFiles.class).writes().get(0);
        assertEquals("e", write.ifMatch());
        assertTrue(write.ifNoneMatch());
        reset();
        server.result(
                "write",
                "{\"path\":\"/tenants/acme/x.txt\",\"content\":\"\",\"if_match\":\"e\",\"if_none_match\":true,\"force\":true,"
                        + "\"lock\":false,\"lock_timeout\":30.0}");
        write = asked(TenantRequest.WriteFiles.class).writes().get(0);
        assertNull(write.ifMatch());
        assertFalse(write.ifNoneMatch());
        reset();
        assertEquals(
                WRITTEN,
                server.result("append", "{\"path\":\"/tenants/acme/x.txt\",\"content\":\"a\",\"if_match\":\"e\"}"));
        assertEquals("e", asked(TenantRequest.AppendFile.class).ifMatch());
        reset();
        assertEquals(
                WRITTEN,
                server.result("write_stream", "{\"path\":\"/tenants/acme/x.txt\",\"chunks\":" + HELLO_JSON + "}"));
        reset();
        assertEquals(
                "[" + WRITTEN + "," + WRITTEN + "]",
                server.result(
                        "write_batch",
                        "{\"files\":[[\"/tenants/acme/x.txt\"," + HELLO_JSON + "],[\"/tenants/acme/b\",\"x\"]]}"));
        assertEquals(2, asked(TenantRequest.WriteFiles.class).writes().size());
    }

    @Test
    void controlFilesBecomeTheirOwnRequests() {
        server.result(
                "write",
                server.systemKey,
                "{\"path\":\"/tenants/acme/.tenant.json\",\"content\":\"{\\\"name\\\":\\\"A\\\"}\",\"if_match\":\"e\"}");
        assertEquals("A", asked(TenantRequest.UpdateRecord.class).patch().displayName());
        assertEquals("e", asked(TenantRequest.UpdateRecord.class).ifMatch());
        assertEquals(
                "-32005 the record: it must be a JSON object",
                server.errorText(
                        "write", server.systemKey, "{\"path\":\"/tenants/acme/.tenant.json\",\"content\":\"[]\"}"));
        reset();
        server.result(
                "append",
                "{\"path\":\"/tenants/acme/.audit/log.jsonl\",\"content\":\"{ \\\"a\\\" : 1 }\\n\\n{\\\"b\\\":[2]}\"}");
        assertEquals(
                List.of("{\"a\":1}", "{\"b\":[2]}"),
                asked(TenantRequest.AppendAudit.class).lines());
        for (String bad : List.of("[1]", "", "x", "{\\\"a\\\":1}{\\\"b\\\":1}")) {
            assertTrue(
                    server.errorText(
                                    "append",
                                    server.aliceKey,
                                    "{\"path\":\"/tenants/acme/.audit/log.jsonl\",\"content\":\"" + bad + "\"}")
                            .startsWith("-32005 "),
                    bad);
        }
        reset();
        server.result("write", "{\"path\":\"/tenants/acme/.audit/log.jsonl\",\"content\":\"x\"}");
        asked(TenantRequest.WriteFiles.class);
    }

    /** Every method with the parameters that it takes; a change of this table is a change of the wire. */
    private static final Map<String, String> PARAMS = Map.ofEntries(
            Map.entry("mkdir", "path parents exist_ok"),
            Map.entry("rmdir", "path recursive"),
            Map.entry("write", "path content if_match if_none_match force lock lock_timeout"),
            Map.entry("write_stream", "path chunks"),
            Map.entry("append", "path content if_match force"),
            Map.entry("delete", "path"),
            Map.entry("rename", "old_path new_path"),
            Map.entry("copy", "src_path dst_path"),
            Map.entry("read", "path return_metadata parsed return_url expires_in"),
            Map.entry("read_range", "path start end"),
            Map.entry("exists", "path"),
            Map.entry("is_directory", "path"),
            Map.entry("stat", "path"),
            Map.entry("get_metadata", "path"),
            Map.entry("get_etag", "path"),
            Map.entry("list", "path recursive details prefix show_parsed limit cursor"),
            Map.entry("get_available_namespaces", ""),
            Map.entry("write_batch", "files"),
            Map.entry("read_bulk", "paths return_metadata skip_errors"),
            Map.entry("stat_bulk", "paths skip_errors"),
            Map.entry("exists_batch", "paths"),
            Map.entry("metadata_batch", "paths skip_errors"),
            Map.entry("delete_bulk", "paths recursive"),
            Map.entry("rename_bulk", "renames"),
            Map.entry("glob", "pattern path"),
            Map.entry("glob_batch", "patterns path"),
            Map.entry("grep", "pattern path file_pattern ignore_case max_results search_mode"),
            Map.entry("list_versions", "path"),
            Map.entry("get_version", "path version"),
            Map.entry("rollback", "path version"),
            Map.entry("diff_versions", "path v1 v2 mode"),
            Map.entry("rebac_create", "subject relation object expires_at zone_id column_config context conditions"),
            Map.entry("rebac_delete", "tuple_id zone_id"),
            Map.entry("rebac_list_tuples", "subject relation object relation_in zone_id"),
            Map.entry("rebac_check", "subject permission object zone_id consistency_mode min_revision"),
            Map.entry("rebac_check_batch", "checks zone_id"),
            Map.entry("rebac_expand", "permission object zone_id"),
            Map.entry("share_with_user", "resource user_id relation zone_id user_zone_id expires_at"),
            Map.entry("share_with_group", "resource group_id relation zone_id group_zone_id expires_at"),
            Map.entry("revoke_share", "resource user_id zone_id"),
            Map.entry("revoke_share_by_id", "share_id zone_id"),
            Map.entry("list_outgoing_shares", "resource zone_id limit offset cursor"),
            Map.entry("admin_create_key", "name zone_id user_id is_admin expires_days subject_type subject_id"),
            Map.entry("admin_list_keys", "user_id zone_id is_admin include_revoked include_expired limit offset"),
            Map.entry("admin_get_key", "key_id zone_id"),
            Map.entry("admin_revoke_key", "key_id zone_id"),
            Map.entry("admin_update_key", "key_id expires_days is_admin name zone_id"),
            Map.entry(
                    "provision_user", "user_id email display_name zone_id create_api_key create_agents import_skills"),
            Map.entry("deprovision_user", "user_id zone_id delete_user_record force"));

    @Test
    void theTableOfMethodsIsWhatStatusSays() {
        Map<?, ?> status =
                (Map<?, ?>) JsonReader.read(server.get("/api/nfs/status").body());
        assertNotNull(status);
        assertEquals(PARAMS.keySet().stream().sorted().toList(), status.get("methods"));
    }

    @Test
    void everyMethodRefusesUnknownParametersAndWrongTypes() {
        PARAMS.forEach((method, names) -> {
            assertEquals(
                    "-32602 unknown parameter 'surprise'",
                    server.errorText(method, server.aliceKey, "{\"surprise\":1}"));
            for (String name : names.isEmpty() ? new String[0] : names.split(" ")) {
                // An object is no valid value of any parameter; null equals absent.
                String error = server.errorText(method, server.systemKey, "{\"" + name + "\":{\"q\":1}}");
                assertTrue(
                        error.startsWith("-32602 ") || error.startsWith("-32005 "), method + " " + name + ": " + error);
                String nulls = server.call(method, server.systemKey, "{\"" + name + "\":null}");
                String absent = server.call(method, server.systemKey, "{}");
                assertEquals(absent, nulls, method + " " + name);
            }
        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "read|{\"path\":\"/tenants/acme/x\",\"parsed\":true}|-32005 parameter 'parsed' is not served yet",
                "read|{\"path\":\"/tenants/acme/x\",\"return_url\":true}|-32005 parameter 'return_url' is not served yet",
                "read|{\"path\":\"/tenants/acme/x\",\"return_metadata\":\"yes\"}|-32602 parameter 'return_metadata' must be true or false",
                "write|{\"path\":\"/tenants/acme/x\",\"content\":\"\",\"lock\":true}|-32005 parameter 'lock' is not served yet",
                "write|{\"path\":\"/tenants/acme/x\",\"content\":5}|-32602 parameter 'content' must be bytes or a string",
                "read_range|{\"path\":\"/tenants/acme/x\",\"start\":3,\"end\":2}|-32602 parameter 'end' is 2, before 'start', 3",
                "read_range|{\"path\":\"/tenants/acme/x\",\"start\":-1,\"end\":2}|-32602 parameter 'start' must be a whole number from 0 to 9223372036854775807",
                "list|{\"limit\":10001}|-32602 parameter 'limit' must be a whole number from 1 to 10000",
                "list|{\"limit\":0}|-32602 parameter 'limit' must be a whole number from 1 to 10000",
                "list|{\"limit\":1.0}|-32602 parameter 'limit' must be a whole number from 1 to 10000",
                "list|{\"limit\":99999999999999999999}|-32602 parameter 'limit' must be a whole number from 1 to 10000",
                "list|{\"cursor\":\"x\"}|-32602 parameter 'cursor' needs the parameter 'limit'",
                "list|{\"cursor\":\"x\",\"limit\":1}|-32602 parameter 'cursor' is not one of a listing with these filters",
                "rename_bulk|{\"renames\":[[\"/tenants/acme/a\"]]}|-32602 parameter 'renames' must be a list of [old path, new path]",
                "write_batch|{\"files\":[[\"/tenants/acme/a\",\"1\"],[\"tenants/acme/a\",\"2\"]]}|-32602 parameter 'files' names /tenants/acme/a twice",
                "grep|{\"pattern\":\"x\",\"search_mode\":\"parsed\"}|-32602 parameter 'search_mode' must be one of auto, raw",
                "diff_versions|{\"path\":\"/tenants/acme/x\",\"v1\":1,\"v2\":9}|-32000 version 9 is not kept",
                "rebac_create|{\"subject\":[\"user\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/acme\"]}|-32602 parameter 'subject' must be a list of a type, an id and perhaps a relation",
                "rebac_create|{\"subject\":[\"user\",\"\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/acme\"]}|-32602 parameter 'subject'[1] must not be empty",
                "rebac_create|{\"subject\":[\"user\",\"a\"],\"relation\":\"owner\",\"object\":[\"file\",\"/a/../b\"]}|-32002 a path must not contain '..'",
                "rebac_create|{\"subject\":[\"user\",\"a\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/acme\"],\"context\":{\"a\":1}}|-32005 parameter 'context' is not served yet",
                "rebac_create|{\"subject\":[\"user\",\"a\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/acme\"],\"expires_at\":\"never\"}|-32602 parameter 'expires_at' must be a time as 2026-02-14T03:04:05+00:00",
                "rebac_check|{\"subject\":[\"user\",\"a\"],\"permission\":\"read\",\"object\":[\"file\",\"/tenants/acme\"],\"consistency_mode\":\"x\"}|-32602 parameter 'consistency_mode' must be one of at_least_as_fresh, fully_consistent, minimize_latency",
                "mkdir|{\"path\":\" \"}|-32002 the path is empty",
                "mkdir|{\"path\":\"/tenants/acme/a\\u0000b\"}|-32002 a path must not contain control characters",
            })
    void refusesWithTheFieldAndTheRule(String method, String params, String error) {
        assertEquals(error, server.errorText(method, server.aliceKey, params));
    }

    @Test
    void batchesAreBounded() {
        String many = "[" + "\"a\",".repeat(Limits.BATCH_ITEMS) + "\"a\"]";
        for (String method : List.of("read_bulk", "stat_bulk", "exists_batch", "metadata_batch", "delete_bulk")) {
            assertEquals(
                    "-32602 parameter 'paths' has 1001 items, the limit is 1000",
                    server.errorText(method, server.aliceKey, "{\"paths\":" + many + "}"));
        }
    }

    // ---- where a request goes ---------------------------------------------------------------------------------------

    @Test
    void aTenantsKeyGoesToItsOwnTenantAndASystemKeyWhereThePathSays() {
        server.result("delete", "{\"path\":\"/tenants/beta/x\"}");
        assertNull(server.gateway.only().zone());
        reset();
        server.result("delete", server.systemKey, "{\"path\":\"/tenants/beta/x\"}");
        assertEquals(new ZoneName("beta"), server.gateway.only().zone());
        reset();
        server.result("mkdir", server.systemKey, "{\"path\":\"/tenants/new\"}", "X-Nexus-Zone-ID", "acme");
        assertNull(server.gateway.only().zone());
        reset();
        server.result("rmdir", server.systemKey, "{\"path\":\"/tenants/acme\",\"recursive\":true}");
        assertEquals(ACME, server.gateway.only().zone());
    }

    @Test
    void zoneIdWinsThenThePathThenTheHeader() {
        String group = "{\"subject\":[\"user\",\"a\"],\"relation\":\"member\",\"object\":[\"group\",\"g\"]";
        server.result("rebac_create", server.systemKey, group + ",\"zone_id\":\"beta\"}", "X-Nexus-Zone-ID", "acme");
        assertEquals(new ZoneName("beta"), server.gateway.only().zone());
        reset();
        server.result("rebac_create", server.systemKey, group + "}", "X-Nexus-Zone-ID", "acme");
        assertEquals(ACME, server.gateway.only().zone());
        reset();
        server.result("rebac_create", server.systemKey, group + "}");
        assertNull(server.gateway.only().zone());
        reset();
        String file = "{\"subject\":[\"user\",\"a\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/beta/x\"]";
        assertTrue(server.errorText("rebac_create", server.systemKey, file + ",\"zone_id\":\"acme\"}")
                .startsWith("-32005 zone_id names the tenant acme, the path belongs to beta"));
        assertTrue(server.errorText("rebac_create", server.aliceKey, file + ",\"zone_id\":\"No!\"}")
                .startsWith("-32004 "));
        assertTrue(server.errorText("rebac_create", server.systemKey, file + ",\"zone_id\":\"No!\"}")
                .startsWith("-32005 "));
        assertEquals(List.of(), server.gateway.requests());
        server.result("rebac_create", server.aliceKey, file + ",\"zone_id\":\"beta\"}");
        assertEquals(new ZoneName("beta"), server.gateway.only().zone());
    }

    @Test
    void onlyCommandsHaveIds() {
        server.result("delete", "{\"path\":\"/tenants/acme/x\"}");
        UUID first = server.gateway.only().command().value();
        reset();
        server.result("delete", "{\"path\":\"/tenants/acme/x\"}");
        assertFalse(first.equals(server.gateway.only().command().value()));
    }

    @Test
    void whatMayNotBeSeenIsNotThere() {
        for (Problem problem :
                List.of(Problem.forbidden("no", "/tenants/beta/x"), Problem.notFound("no", "/tenants/beta/x"))) {
            server.gateway.script(ask -> new Reply.Stats(List.of(new Reply.StatResult(null, problem))));
            assertEquals("{\"exists\":false}", server.result("exists", "{\"path\":\"/tenants/beta/x\"}"));
            assertEquals("{\"is_directory\":false}", server.result("is_directory", "{\"path\":\"/tenants/beta/x\"}"));
            assertEquals("{\"/tenants/beta/x\":null}", server.result("stat_bulk", "{\"paths\":[\"/tenants/beta/x\"]}"));
        }
        server.gateway.script(ask -> {
            throw Problem.forbidden("no", "/tenants/beta").exception();
        });
        assertEquals(
                "{\"files\":[],\"has_more\":false,\"next_cursor\":null}",
                server.result("list", "{\"path\":\"/tenants/beta\"}"));
        assertEquals("{\"matches\":[]}", server.result("glob", "{\"pattern\":\"*\",\"path\":\"/tenants/beta\"}"));
        assertEquals("{\"results\":[]}", server.result("grep", "{\"pattern\":\"x\",\"path\":\"/tenants/beta\"}"));
        assertEquals("{\"exists\":false}", server.result("exists", "{\"path\":\"/tenants/beta/x\"}"));
        assertEquals("-32004 no", server.errorText("stat", server.aliceKey, "{\"path\":\"/tenants/beta/x\"}"));
        assertEquals("-32004 no", server.errorText("get_etag", server.aliceKey, "{\"path\":\"/tenants/beta/x\"}"));
        assertEquals("-32004 no", server.errorText("get_metadata", server.aliceKey, "{\"path\":\"/tenants/beta/x\"}"));
        server.gateway.script(ask ->
                new Reply.Stats(List.of(new Reply.StatResult(null, Problem.notFound("gone", "/tenants/acme/x")))));
        assertEquals("{\"etag\":null}", server.result("get_etag", "{\"path\":\"/tenants/acme/x\"}"));
        assertEquals("{\"metadata\":null}", server.result("get_metadata", "{\"path\":\"/tenants/acme/x\"}"));
        assertEquals(
                "-32000 gone",
                server.errorText(
                        "stat_bulk", server.aliceKey, "{\"paths\":[\"/tenants/acme/x\"],\"skip_errors\":false}"));
    }

    // ---- listings ---------------------------------------------------------------------------------------------------

    @Test
    void listsWithDetailsAndByPages() {
        assertEquals(
                "{\"files\":[{\"path\":\"/tenants/acme/d\",\"name\":\"d\",\"is_directory\":true,\"size\":0,\"etag\":null,"
                        + "\"modified_at\":null,\"created_at\":null,\"mime_type\":null,\"version\":0,\"created_by\":\"user:alice\"},"
                        + "{\"path\":\"/tenants/acme/d/a.txt\",\"name\":\"a.txt\",\"is_directory\":false,\"size\":5,\"etag\":\""
                        + HASH
                        + "\",\"modified_at\":" + TYPED + ",\"created_at\":" + TYPED
                        + ",\"mime_type\":\"text/plain\",\"version\":3,\"created_by\":\"user:alice\"}],"
                        + "\"has_more\":false,\"next_cursor\":null}",
                server.result(
                        "list",
                        "{\"path\":\"/tenants/acme\",\"recursive\":true,\"details\":true,\"prefix\":null,\"show_parsed\":true}"));
        assertEquals(
                new TenantRequest.ListFiles(path("/tenants/acme"), true, null, null, null),
                asked(TenantRequest.ListFiles.class));
        server.gateway.script(ask -> new Reply.Listing(List.of(file("/tenants/acme/é")), "/tenants/acme/é"));
        Map<?, ?> page = (Map<?, ?>) JsonReader.read(server.result("list", "{\"path\":\"/tenants/acme\",\"limit\":1}")
                .getBytes(StandardCharsets.UTF_8));
        assertNotNull(page);
        assertEquals(true, page.get("has_more"));
        Object cursor = page.get("next_cursor");
        server.gateway.script(RpcMethodsTest::ordinary);
        server.result(
                "list", "{\"path\":\"tenants/acme/\",\"limit\":7,\"cursor\":\"" + cursor + "\",\"details\":true}");
        assertEquals(
                new TenantRequest.ListFiles(path("/tenants/acme"), true, null, "/tenants/acme/é", 7),
                asked(TenantRequest.ListFiles.class));
        for (String other : List.of(
                "{\"path\":\"/tenants/acme/d\",\"limit\":1",
                "{\"path\":\"/tenants/acme\",\"recursive\":false,\"limit\":1",
                "{\"path\":\"/tenants/acme\",\"prefix\":\"\",\"limit\":1")) {
            assertEquals(
                    "-32602 parameter 'cursor' is not one of a listing with these filters",
                    server.errorText("list", server.aliceKey, other + ",\"cursor\":\"" + cursor + "\"}"));
        }
        reset();
        server.result("list", "{\"prefix\":\"/tenants/acme/sha\"}");
        assertEquals(
                new TenantRequest.ListFiles(path("/tenants/acme"), true, "/tenants/acme/sha", null, null),
                asked(TenantRequest.ListFiles.class));
    }

    @Test
    void listsBarePathsIfTheServerIsTold() {
        try (TestServer strings = new TestServer(HttpOptions.DEFAULTS.withListEntriesAsStrings(true))) {
            strings.gateway.script(RpcMethodsTest::ordinary);
            assertEquals(
                    "{\"files\":[\"/tenants/acme/d\",\"/tenants/acme/d/a.txt\"],\"has_more\":false,\"next_cursor\":null}",
                    strings.result("list", "{\"path\":\"/tenants/acme\"}"));
            assertTrue(strings.result("list", "{\"path\":\"/tenants/acme\",\"details\":true}")
                    .contains("\"name\":\"d\""));
        }
    }

    @Test
    void walksTenantsPageByPage() {
        List<String> names = List.of("a", "b", "c");
        server.gateway.script(ask -> {
            TenantRequest.ListTenants request = (TenantRequest.ListTenants) ask.request();
            int at = request.after() == null ? 0 : names.indexOf(request.after().value()) + 1;
            return new Reply.Listing(
                    List.of(directory("/tenants/" + names.get(at))), at == 2 ? null : "/tenants/" + names.get(at));
        });
        String all = server.result("list", server.systemKey, "{\"path\":\"/\"}");
        assertTrue(all.contains("/tenants/a") && all.contains("/tenants/c") && all.contains("\"has_more\":false"), all);
        assertEquals(3, server.gateway.asks().size());
    }

    @Test
    void grepStopsAtItsBoundsAndSkipsWhatIsGone() {
        List<Reply.FileInfo> files = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            files.add(file("/tenants/acme/" + i));
        }
        server.gateway.script(ask -> {
            if (ask.request() instanceof TenantRequest.ListFiles) {
                return new Reply.Listing(files, null);
            }
            WorkspacePath path = ((TenantRequest.ReadFile) ask.request()).path();
            if (path.relative().equals("/3")) {
                throw Problem.notFound("gone", path.wire()).exception();
            }
            return content(path.wire(), "x\nx\n".getBytes(StandardCharsets.UTF_8));
        });
        String result = server.result("grep", "{\"pattern\":\"x\",\"path\":\"/tenants/acme\",\"max_results\":7}");
        assertEquals(7, result.split("\"file\"", -1).length - 1);
        assertFalse(result.contains("/tenants/acme/3\""));
        assertTrue(result.contains("/tenants/acme/4\""));
        assertTrue(
                server.gateway.asks().size() <= 1 + RpcOptions.GREP_FAN_OUT,
                "read " + server.gateway.asks().size());
    }

    // ---- large contents ---------------------------------------------------------------------------------------------

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    private static String typed(byte[] bytes) {
        return "{\"__type__\":\"bytes\",\"data\":\"" + Base64.getEncoder().encodeToString(bytes) + "\"}";
    }

    @Test
    void largeContentsGoToTheBlobStoreAfterTheTenantAgreed() {
        int before = server.blobs.count();
        for (int size : new int[] {Limits.INLINE_CONTENT_BYTES + 1, 3 * Limits.MIB + 1}) {
            reset();
            byte[] bytes = random(size);
            server.result("write", "{\"path\":\"/tenants/acme/x.txt\",\"content\":" + typed(bytes) + "}");
            assertEquals(
                    List.of(TenantRequest.PrepareWrite.class, TenantRequest.WriteFiles.class),
                    server.gateway.requests().stream()
                            .map(TenantRequest::getClass)
                            .toList());
            assertEquals(
                    new TenantRequest.PrepareWrite(X, size),
                    server.gateway.requests().get(0));
            Content.Stored stored = (Content.Stored)
                    asked(TenantRequest.WriteFiles.class).writes().get(0).content();
            assertEquals(ContentHash.of(bytes), stored.hash());
            assertEquals(++before, server.blobs.count());
        }
        reset();
        server.result(
                "write",
                "{\"path\":\"/tenants/acme/x.txt\",\"content\":" + typed(random(Limits.INLINE_CONTENT_BYTES)) + "}");
        assertEquals(1, server.gateway.asks().size());
        assertEquals(before, server.blobs.count());
    }

    @Test
    void aRefusedLargeWriteLeavesNoBlob() {
        int before = server.blobs.count();
        String params = "{\"path\":\"/tenants/acme/x.txt\",\"content\":" + typed(random(100_000)) + "}";
        server.gateway.script(ask -> {
            throw Problem.forbidden("no", X.wire()).exception();
        });
        assertEquals("-32004 no", server.errorText("write", server.aliceKey, params));
        assertEquals(1, server.gateway.asks().size());
        assertEquals(before, server.blobs.count());
        server.gateway.script(ask -> {
            if (ask.request() instanceof TenantRequest.WriteFiles) {
                assertEquals(before + 1, server.blobs.count());
                throw new Problem.QuotaExceeded("storage", 10, 9, 2).exception();
            }
            return Reply.Done.DONE;
        });
        Map<?, ?> error = server.error("write", server.aliceKey, params);
        assertEquals(-32010L, error.get("code"));
        assertEquals(before, server.blobs.count());
        // Nobody knows whether it is needed: it stays.
        server.gateway.script(ask -> {
            if (ask.request() instanceof TenantRequest.WriteFiles) {
                throw Problem.outcomeUnknown().exception();
            }
            return Reply.Done.DONE;
        });
        server.error("write", server.aliceKey, params);
        assertEquals(before + 1, server.blobs.count());
    }

    @Test
    void aSystemKeyStoresUnderTheTenantOfThePath() {
        byte[] bytes = random(70_000);
        server.result("write", server.systemKey, "{\"path\":\"/tenants/beta/x\",\"content\":" + typed(bytes) + "}");
        Content.Stored stored = (Content.Stored)
                asked(TenantRequest.WriteFiles.class).writes().get(0).content();
        assertArrayEquals(
                bytes,
                TestServer.await(server.blobs.read(TestServer.BETA, stored.place(), 0, bytes.length))
                        .getBytes());
        reset();
        assertEquals(
                -32000L,
                server.error(
                                "write",
                                server.systemKey,
                                "{\"path\":\"/tenants/nobody/x\",\"content\":" + typed(bytes) + "}")
                        .get("code"));
    }

    @Test
    void storedContentsAreSentInPieces() {
        for (int size : new int[] {
            Limits.INLINE_CONTENT_BYTES + 1, RpcOptions.PIECE_BYTES, RpcOptions.PIECE_BYTES + 1, 20 * Limits.MIB + 2
        }) {
            byte[] bytes = random(size);
            Content.Stored stored = server.blobs.store(TestServer.ACME, bytes);
            server.gateway.script(ask -> new Reply.FileContent(TestServer.ACME, file(X.wire()), stored));
            assertEquals(typed(bytes), server.result("read", "{\"path\":\"/tenants/acme/x.txt\"}"));
            assertEquals(
                    "{\"content\":" + typed(bytes) + "," + WRITTEN.substring(1),
                    server.result("read", "{\"path\":\"/tenants/acme/x.txt\",\"return_metadata\":true}"));
            assertEquals(
                    typed(Arrays.copyOfRange(bytes, 10_001, size)),
                    server.result(
                            "read_range",
                            "{\"path\":\"/tenants/acme/x.txt\",\"start\":10001,\"end\":" + Long.MAX_VALUE + "}"));
            assertEquals(
                    typed(new byte[0]),
                    server.result(
                            "read_range",
                            "{\"path\":\"/tenants/acme/x.txt\",\"start\":" + size + ",\"end\":" + (size + 5) + "}"));
        }
        assertTrue(server.blobs.largestRead() <= RpcOptions.PIECE_BYTES, "read at once: " + server.blobs.largestRead());
    }

    @Test
    void whatIsTooLargeForOneAnswerNamesReadRange() {
        Content.Stored small = server.blobs.store(TestServer.ACME, random(100));
        Content.Stored huge = new Content.Stored(small.hash(), RpcOptions.READ_BYTES + 1, small.place());
        server.gateway.script(ask -> new Reply.FileContent(TestServer.ACME, file(X.wire()), huge));
        String error = server.errorText("read", server.aliceKey, "{\"path\":\"/tenants/acme/x.txt\"}");
        assertTrue(error.startsWith("-32005 the content has ") && error.endsWith(": use read_range"), error);
        assertEquals(
                typed(random(100)).length(),
                server.result("read_range", "{\"path\":\"/tenants/acme/x.txt\",\"start\":0,\"end\":100}")
                        .length());
    }

    @Test
    void theServersOwnFilesMayBeLargeAndInline() {
        byte[] log = random(5 * Limits.MIB);
        server.gateway.script(ask ->
                new Reply.FileContent(TestServer.ACME, file(X.wire()), new Content.Inline(ContentHash.of(log), log)));
        assertEquals(typed(log), server.result("read", "{\"path\":\"/tenants/acme/.audit/log.jsonl\"}"));
        assertEquals(
                typed(Arrays.copyOfRange(log, 1, log.length)),
                server.result("read_range", "{\"path\":\"/tenants/acme/x\",\"start\":1,\"end\":999999999}"));
    }

    @Test
    void aLostBlobIsAnErrorAndNotAnEmptyFile() {
        Content.Stored lost = new Content.Stored(ContentHash.of(HELLO), 100_000, new nexus.store.BlobPlace("lost"));
        server.gateway.script(ask -> new Reply.FileContent(TestServer.ACME, file(X.wire()), lost));
        byte[] body = "{\"params\":{\"path\":\"/tenants/acme/x.txt\"}}".getBytes(StandardCharsets.UTF_8);
        assertEquals(500, server.post("read", server.aliceKey, body).statusCode());
    }

    @Test
    void appendsAndBatchesAreBoundedInBytes() {
        String megabyte = "x".repeat(RpcOptions.APPEND_BYTES + 1);
        assertTrue(server.errorText(
                        "append", server.aliceKey, "{\"path\":\"/tenants/acme/x\",\"content\":\"" + megabyte + "\"}")
                .startsWith("-32005 the content has 1048577 bytes"));
        String file = "x".repeat(Limits.INLINE_CONTENT_BYTES);
        StringBuilder files = new StringBuilder();
        for (int i = 0; i <= RpcOptions.BATCH_BYTES / Limits.INLINE_CONTENT_BYTES; i++) {
            files.append(i == 0 ? "" : ",")
                    .append("[\"/tenants/acme/")
                    .append(i)
                    .append("\",\"")
                    .append(file)
                    .append("\"]");
        }
        assertTrue(server.errorText("write_batch", server.aliceKey, "{\"files\":[" + files + "]}")
                .startsWith("-32005 the small contents of the batch have "));
        assertEquals(List.of(), server.gateway.requests());
    }

    // ---- versions ---------------------------------------------------------------------------------------------------

    @Test
    void showsVersionsAndTheirDifferences() {
        String hash1 = version(1, "hello", "original", null).hash().hex();
        String hash2 = version(2, "world", "rollback", 1L).hash().hex();
        assertEquals(
                "[{\"version\":2,\"content_hash\":\"" + hash2
                        + "\",\"size\":10,\"mime_type\":\"text/plain\",\"created_at\":" + TYPED
                        + ",\"created_by\":\"user:alice\",\"change_reason\":null,\"source_type\":\"rollback\",\"parent_version_id\":1},"
                        + "{\"version\":1,\"content_hash\":\"" + hash1
                        + "\",\"size\":5,\"mime_type\":\"text/plain\",\"created_at\":"
                        + TYPED
                        + ",\"created_by\":\"user:alice\",\"change_reason\":null,\"source_type\":\"original\",\"parent_version_id\":null}]",
                server.result("list_versions", "{\"path\":\"/tenants/acme/x.txt\"}"));
        assertEquals(
                "{\"path\":\"/tenants/acme/x.txt\",\"v1\":1,\"v2\":2,\"content_hash_v1\":\"" + hash1
                        + "\",\"content_hash_v2\":\""
                        + hash2
                        + "\",\"content_changed\":true,\"size_v1\":5,\"size_v2\":10,\"size_delta\":5,\"created_at_v1\":"
                        + TYPED + ",\"created_at_v2\":" + TYPED + "}",
                server.result(
                        "diff_versions", "{\"path\":\"/tenants/acme/x.txt\",\"v1\":1,\"v2\":2,\"mode\":\"metadata\"}"));
        server.gateway.script(ask -> content(
                X.wire(),
                ("v" + ((TenantRequest.ReadFile) ask.request()).version() + "\n").getBytes(StandardCharsets.UTF_8)));
        assertEquals(
                "\"--- /tenants/acme/x.txt (v1)\\n+++ /tenants/acme/x.txt (v2)\\n@@ -1 +1 @@\\n-v1\\n+v2\\n\"",
                server.result(
                        "diff_versions", "{\"path\":\"/tenants/acme/x.txt\",\"v1\":1,\"v2\":2,\"mode\":\"content\"}"));
    }

    // ---- rebac ------------------------------------------------------------------------------------------------------

    @Test
    void grantsInBothDialects() {
        String given =
                "{\"subject\":[\"user\",\"alice\"],\"relation\":\"owner\",\"object\":[\"file\",\"tenants/acme/\"]}";
        assertEquals(
                "{\"tuple_id\":\"tuple-id\",\"revision\":12,\"consistency_token\":\"v12\"}",
                server.result("rebac_create", given));
        TenantRequest.CreateTuple expected = new TenantRequest.CreateTuple(
                new ObjectRef("file", "/tenants/acme"), "owner", new SubjectRef("user", "alice", ""), null);
        assertEquals(expected, asked(TenantRequest.CreateTuple.class));
        reset();
        server.result(
                "rebac_create",
                "{\"subject\":[\"user\",\"alice\"],\"relation\":\"owner\",\"object\":[\"file\",\"/tenants/acme\"],"
                        + "\"expires_at\":null,\"zone_id\":\"acme\",\"column_config\":null,\"context\":null,\"conditions\":null}");
        assertEquals(expected, asked(TenantRequest.CreateTuple.class));
        for (String time : List.of(
                "\"2030-01-02T03:04:05+00:00\"", "{\"__type__\":\"datetime\",\"data\":\"2030-01-02T03:04:05\"}")) {
            reset();
            server.result(
                    "rebac_create",
                    "{\"subject\":[\"zone\",\"beta\"],\"relation\":\"can_read\",\"object\":[\"file\",\"/tenants/acme/x\"],\"expires_at\":"
                            + time + "}");
            assertEquals(
                    new TenantRequest.CreateTuple(
                            new ObjectRef("file", "/tenants/acme/x"),
                            "can_read",
                            new SubjectRef("tenant", "beta", ""),
                            Instant.parse("2030-01-02T03:04:05Z")),
                    asked(TenantRequest.CreateTuple.class));
        }
        reset();
        server.result(
                "rebac_create",
                "{\"subject\":[\"group\",\"eng\",\"member\"],\"relation\":\"viewer\",\"object\":[\"file\",\"/tenants/acme/x\"]}");
        assertEquals(
                new SubjectRef("group", "eng", "member"),
                asked(TenantRequest.CreateTuple.class).subject());
    }

    // ---- shares -----------------------------------------------------------------------------------------------------

    @Test
    void sharesWithUsersAndGroups() {
        assertEquals(
                "{\"tuple_id\":\"share-id\",\"revision\":13,\"consistency_token\":\"v13\"}",
                server.result(
                        "share_with_user",
                        "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"user_id\":\"bob\",\"relation\":\"editor\","
                                + "\"zone_id\":\"acme\",\"user_zone_id\":\"beta\",\"expires_at\":\"2030-01-02T03:04:05+00:00\"}"));
        assertEquals(
                new TenantRequest.CreateShare(
                        X, "shared-editor", BETA, "user", "bob", Instant.parse("2030-01-02T03:04:05Z")),
                asked(TenantRequest.CreateShare.class));
        reset();
        server.result("share_with_group", "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"group_id\":\"eng\"}");
        assertEquals(
                new TenantRequest.CreateShare(X, "shared-viewer", null, "group", "eng", null),
                asked(TenantRequest.CreateShare.class));
        for (String wrong : List.of(
                "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"user_id\":\"bob\",\"relation\":\"reader\"}",
                "{\"resource\":[\"group\",\"eng\"],\"user_id\":\"bob\"}",
                "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"user_id\":\"bob\",\"user_zone_id\":\"No Zone\"}",
                "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"user_id\":\"\"}")) {
            String error = server.errorText("share_with_user", server.aliceKey, wrong);
            assertTrue(error.startsWith("-32602 ") || error.startsWith("-32005 "), wrong + ": " + error);
        }
    }

    @Test
    void listsSharesInPages() {
        String item = "{\"share_id\":\"share-id\",\"resource_type\":\"file\",\"resource_id\":\"/tenants/acme/x.txt\","
                + "\"recipient_id\":\"beta\",\"recipient_type\":\"tenant\",\"recipient_zone_id\":\"beta\","
                + "\"permission_level\":\"editor\",\"created_at\":\"" + TIME + "\",\"expires_at\":\""
                + TIME.plusSeconds(1)
                + "\"}";
        assertEquals(
                "{\"items\":[" + item + "],\"next_cursor\":\"o1\",\"total_count\":2,\"has_more\":true}",
                server.result("list_outgoing_shares", "{\"limit\":1}"));
        assertEquals(new TenantRequest.ListShares(null, 1, 0), asked(TenantRequest.ListShares.class));
        reset();
        assertEquals(
                "{\"items\":[" + item + "],\"next_cursor\":null,\"total_count\":2,\"has_more\":false}",
                server.result(
                        "list_outgoing_shares",
                        "{\"limit\":1,\"cursor\":\"o1\",\"resource\":[\"file\",\"/tenants/acme/x.txt\"]}"));
        assertEquals(new TenantRequest.ListShares(X, 1, 1), asked(TenantRequest.ListShares.class));
        for (String cursor : List.of("x", "o", "o-1", "o1234567", "o1 ")) {
            assertTrue(
                    server.errorText("list_outgoing_shares", server.aliceKey, "{\"cursor\":\"" + cursor + "\"}")
                            .startsWith("-32602 "),
                    cursor);
        }
        // A system key that names no tenant is answered for all of them.
        reset();
        Map<?, ?> all = (Map<?, ?>) JsonReader.read(
                server.call("list_outgoing_shares", server.systemKey, "{}").getBytes(StandardCharsets.UTF_8));
        Map<?, ?> result = (Map<?, ?>) all.get("result");
        assertNotNull(result);
        assertEquals(4L, result.get("total_count"));
    }

    @Test
    void endsShares() {
        assertEquals(
                "true",
                server.result("revoke_share", "{\"resource\":[\"file\",\"/tenants/acme/x.txt\"],\"user_id\":\"bob\"}"));
        assertEquals(new TenantRequest.RevokeShares(X, "bob"), asked(TenantRequest.RevokeShares.class));
        String id = TestServer.ACME + Ulid.print(new UUID(3, 4));
        assertEquals("true", server.result("revoke_share_by_id", "{\"share_id\":\"" + id + "\"}"));
        assertEquals(new TenantRequest.DeleteTuple(new UUID(3, 4)), asked(TenantRequest.DeleteTuple.class));
        // Another tenant's is none of the caller's, and nobody is asked about it.
        reset();
        String foreign = TestServer.BETA + Ulid.print(new UUID(3, 4));
        assertEquals("false", server.result("revoke_share_by_id", "{\"share_id\":\"" + foreign + "\"}"));
        assertEquals(List.of(new TenantRequest.WhoAmI()), server.gateway.requests());
    }

    /** What is granted where another tenant's files appear is announced to that tenant, by a system key only. */
    @Test
    void announcesAShareToTheTenantThatShares() {
        String grant = "{\"subject\":[\"tenant\",\"beta\"],\"relation\":\"can_read\","
                + "\"object\":[\"file\",\"/tenants/beta/shared/from-acme/x.txt\"],\"zone_id\":\"acme\"}";
        server.call("rebac_create", server.systemKey, grant);
        assertEquals(
                new TenantRequest.OfferShare(BETA, "x.txt", "can_read", null), asked(TenantRequest.OfferShare.class));
        for (String wrong : List.of(
                grant.replace("\"zone_id\":\"acme\"", "\"zone_id\":\"beta\""),
                grant.replace("\"tenant\",\"beta\"", "\"tenant\",\"acme\""),
                grant.replace("\"tenant\",\"beta\"", "\"user\",\"bob\""),
                grant.replace("/x.txt", ""),
                grant.replace("/x.txt", "/x/y.txt"),
                grant.replace("/x.txt", "/.share-1.json"))) {
            assertTrue(server.errorText("rebac_create", server.systemKey, wrong).startsWith("-32005 "), wrong);
        }
        // A tenant's own key announces nothing: it is a grant like any other, which its tenant refuses.
        reset();
        server.call("rebac_create", server.aliceKey, grant);
        assertEquals(
                "/tenants/beta/shared/from-acme/x.txt",
                asked(TenantRequest.CreateTuple.class).object().id());
    }

    private static String tupleJson() {
        return "{\"tuple_id\":\"" + TestServer.ACME + Ulid.print(new UUID(3, 4))
                + "\",\"subject_type\":\"user\",\"subject_id\":\"alice\",\"subject_relation\":null,\"relation\":\"owner\","
                + "\"object_type\":\"file\",\"object_id\":\"/tenants/acme\",\"created_at\":" + ISO
                + ",\"expires_at\":null,\"zone_id\":\"acme\"}";
    }

    @Test
    void listsTuplesOfOneTenantOrOfAll() {
        assertEquals(
                "[" + tupleJson() + "]",
                server.result(
                        "rebac_list_tuples", "{\"subject\":[\"user\",\"alice\"],\"relation\":null,\"object\":null}"));
        assertEquals(
                new TenantRequest.ListTuples(new SubjectRef("user", "alice", ""), List.of(), null),
                asked(TenantRequest.ListTuples.class));
        reset();
        server.result("rebac_list_tuples", "{\"relation_in\":[\"owner\",\"viewer\"],\"relation\":\"viewer\"}");
        assertEquals(List.of("viewer"), asked(TenantRequest.ListTuples.class).relations());
        reset();
        assertEquals(
                "[" + tupleJson() + "," + tupleJson() + "]",
                server.result("rebac_list_tuples", server.systemKey, "{\"subject\":[\"user\",\"alice\"]}"));
        assertEquals(
                Set.of(new ZoneName("acme"), new ZoneName("beta")),
                server.gateway.asks().stream()
                        .filter(ask -> ask.request() instanceof TenantRequest.ListTuples)
                        .map(Ask::zone)
                        .collect(Collectors.toSet()));
    }

    @Test
    void deletesTuplesByTheirWireIds() {
        String id = TestServer.ACME + Ulid.print(new UUID(3, 4));
        assertEquals("true", server.result("rebac_delete", "{\"tuple_id\":\"" + id + "\"}"));
        assertEquals(new UUID(3, 4), asked(TenantRequest.DeleteTuple.class).tuple());
        reset();
        assertEquals("true", server.result("rebac_delete", server.systemKey, "{\"tuple_id\":\"" + id + "\"}"));
        assertEquals(ACME, server.gateway.only().zone());
        for (String foreign : List.of(
                TestServer.BETA + Ulid.print(new UUID(3, 4)), "no-such", id.toUpperCase(java.util.Locale.ROOT))) {
            reset();
            assertEquals("false", server.result("rebac_delete", "{\"tuple_id\":\"" + foreign + "\"}"));
            assertEquals(List.of(new TenantRequest.WhoAmI()), server.gateway.requests());
        }
        reset();
        String unknown = Ulid.print(new UUID(99, 1)) + Ulid.print(new UUID(3, 4));
        assertEquals("false", server.result("rebac_delete", server.systemKey, "{\"tuple_id\":\"" + unknown + "\"}"));
    }

    @Test
    void aSystemKeyMayCheckSeveralTenantsInOneCall() {
        assertEquals(
                "[true,false,true]",
                server.result(
                        "rebac_check_batch",
                        server.systemKey,
                        "{\"checks\":[[[\"user\",\"a\"],\"read\",[\"file\",\"/tenants/acme/x\"]],"
                                + "[[\"user\",\"a\"],\"write\",[\"file\",\"/tenants/beta/x\"]],"
                                + "[[\"user\",\"b\"],\"read\",[\"file\",\"/tenants/acme/y\"]]]}"));
        assertEquals(2, server.gateway.asks().size());
    }

    // ---- keys -------------------------------------------------------------------------------------------------------

    @Test
    void makesKeysThatWork() {
        String params =
                "{\"user_id\":\"alice\",\"name\":\"alice (Tenant Admin)\",\"subject_type\":\"user\",\"zone_id\":\"acme\","
                        + "\"is_admin\":false}";
        Map<?, ?> key = (Map<?, ?>) JsonReader.read(
                server.result("admin_create_key", server.systemKey, params).getBytes(StandardCharsets.UTF_8));
        assertNotNull(key);
        assertEquals(
                List.of(
                        "key_id",
                        "api_key",
                        "user_id",
                        "name",
                        "subject_type",
                        "subject_id",
                        "zone_id",
                        "is_admin",
                        "expires_at"),
                List.copyOf(key.keySet()));
        var credential = server.keys.parse(String.valueOf(key.get("api_key"))).orElseThrow();
        TenantRequest.CreateKey request = asked(TenantRequest.CreateKey.class);
        assertEquals(TestServer.ACME, credential.tenant());
        assertEquals(request.key(), credential.key());
        assertArrayEquals(request.secretHash(), credential.secretHash());
        assertEquals(TestServer.ACME + request.key().toString(), key.get("key_id"));
        assertEquals("acme", key.get("zone_id"));
        assertEquals("alice", request.subjectId());
        assertNull(request.expiresAt());
        reset();
        server.result(
                "admin_create_key", server.systemKey, "{\"name\":\"n\",\"zone_id\":\"acme\",\"expires_days\":1.5}");
        request = asked(TenantRequest.CreateKey.class);
        assertTrue(request.userId().matches("user_[0-9a-f]{12}"), request.userId());
        assertEquals(TestServer.NOW.plus(Duration.ofHours(36)), request.expiresAt());
        reset();
        server.result(
                "admin_create_key", server.systemKey, "{\"name\":\"n\",\"is_admin\":true,\"zone_id\":\"system\"}");
        assertTrue(asked(TenantRequest.CreateKey.class).systemAdministrator());
        assertNull(server.gateway.asks().get(1).zone());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"name\":\"n\",\"zone_id\":\"nobody\"}|-32005 there is no tenant of this zone_id",
                "{\"name\":\"n\"}|-32602 parameter 'zone_id' is required unless is_admin is true",
                "{\"name\":\"n\",\"zone_id\":\"acme\",\"is_admin\":true}|-32005 is_admin makes a system key: it belongs to the zone 'system', not to a tenant",
                "{\"name\":\"n\",\"zone_id\":\"system\"}|-32005 the zone 'system' holds system keys only: is_admin must be true",
                "{\"name\":\"n\",\"zone_id\":\"acme\",\"expires_days\":0}|-32602 parameter 'expires_days' must be a number above 0 and up to 36500",
                "{\"name\":\"n\",\"zone_id\":\"acme\",\"expires_days\":36501}|-32602 parameter 'expires_days' must be a number above 0 and up to 36500",
                "{\"name\":\"n\",\"zone_id\":\"acme\",\"subject_type\":\"robot\"}|-32602 parameter 'subject_type' must be one of agent, service, user",
                "{\"name\":\"a\\nb\",\"zone_id\":\"acme\"}|-32602 parameter 'name' must not contain control characters",
            })
    void refusesKeysThatCannotBe(String params, String error) {
        assertEquals(error, server.errorText("admin_create_key", server.systemKey, params));
    }

    @Test
    void strangersLearnNothingFromTheKeyMethods() {
        String denied = "-32004 Admin privileges required for this operation";
        for (String zone : List.of("acme", "beta", "nobody", "No!")) {
            reset();
            assertEquals(
                    denied,
                    server.errorText(
                            "admin_create_key", server.aliceKey, "{\"name\":\"n\",\"zone_id\":\"" + zone + "\"}"));
            assertEquals(
                    denied, server.errorText("admin_list_keys", server.aliceKey, "{\"zone_id\":\"" + zone + "\"}"));
            assertEquals(2, server.gateway.requests().size());
            assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
        }
        for (String method : List.of("admin_get_key", "admin_revoke_key", "admin_update_key")) {
            assertEquals(denied, server.errorText(method, server.aliceKey, "{\"key_id\":\"x\"}"));
        }
    }

    @Test
    void findsKeysByTheirWireIds() {
        String id = TestServer.ACME + Ulid.print(new UUID(5, 6));
        String shown = "{\"key_id\":\"" + id
                + "\",\"user_id\":\"alice\",\"subject_type\":\"user\",\"subject_id\":\"alice\",\"name\":\"n\","
                + "\"zone_id\":\"acme\",\"is_admin\":false,\"created_at\":" + ISO
                + ",\"expires_at\":null,\"revoked\":false,\"revoked_at\":null,\"last_used_at\":" + ISO + "}";
        assertEquals(shown, server.result("admin_get_key", server.systemKey, "{\"key_id\":\"" + id + "\"}"));
        assertEquals(
                "{\"success\":true,\"key_id\":\"" + id + "\"}",
                server.result(
                        "admin_revoke_key", server.systemKey, "{\"key_id\":\"" + id + "\",\"zone_id\":\"acme\"}"));
        assertEquals(
                "{\"success\":true,\"key_id\":\"" + id + "\",\"name\":\"n\",\"is_admin\":false,\"expires_at\":null}",
                server.result(
                        "admin_update_key",
                        server.systemKey,
                        "{\"key_id\":\"" + id + "\",\"name\":\"n\",\"expires_days\":1}"));
        assertEquals(
                "{\"keys\":[" + shown + "],\"total\":1}",
                server.result("admin_list_keys", server.systemKey, "{\"zone_id\":\"acme\"}"));
        for (String params : List.of(
                "{\"key_id\":\"x\"}",
                "{\"key_id\":\"" + id + "\",\"zone_id\":\"beta\"}",
                "{\"key_id\":\"" + Ulid.print(new UUID(99, 1)) + Ulid.print(new UUID(5, 6)) + "\"}")) {
            assertEquals(
                    -32000L,
                    server.error("admin_get_key", server.systemKey, params).get("code"));
        }
        reset();
        String all = server.result("admin_list_keys", server.systemKey, "{\"limit\":2,\"offset\":1}");
        assertTrue(all.endsWith("],\"total\":3}"), all);
        assertEquals(2, all.split("\"key_id\"", -1).length - 1);
    }

    // ---- users ------------------------------------------------------------------------------------------------------

    @Test
    void provisionsAUserWithAllThatTheOriginalClientSends() {
        // Its defaults: a key, agents, skills.
        String params = "{\"user_id\":\"bob\",\"email\":\"bob@example.com\",\"display_name\":null,\"zone_id\":\"acme\","
                + "\"create_api_key\":true,\"create_agents\":true,\"import_skills\":true}";
        String result = server.result("provision_user", server.systemKey, params);
        TenantRequest.ProvisionUser request = asked(TenantRequest.ProvisionUser.class);
        assertEquals("bob", request.userId());
        assertTrue(request.agents());
        KeyId key = request.key();
        assertNotNull(key);
        Map<?, ?> members = (Map<?, ?>) JsonReader.read(result.getBytes(StandardCharsets.UTF_8));
        assertNotNull(members);
        String text = String.valueOf(members.get("api_key"));
        var credential = server.keys.parse(text).orElseThrow();
        assertEquals(TestServer.ACME, credential.tenant());
        assertEquals(key, credential.key());
        assertArrayEquals(request.secretHash(), credential.secretHash());
        assertEquals(
                "{\"user_id\":\"bob\",\"zone_id\":\"acme\",\"email\":\"bob@example.com\",\"display_name\":null,"
                        + "\"api_key\":\"" + text + "\",\"key_id\":\"" + TestServer.ACME + key
                        + "\",\"workspace_path\":\"/tenants/acme/users/bob\","
                        + "\"agent_paths\":[\"/tenants/acme/users/bob/agent/UntrustedAgent\"],\"skill_paths\":[],"
                        + "\"created_resources\":{\"user\":true,\"zone\":false,"
                        + "\"directories\":[\"/tenants/acme/users\",\"/tenants/acme/users/bob\"],"
                        + "\"workspace\":\"/tenants/acme/users/bob\",\"agents\":[\"UntrustedAgent\"],\"skills\":[]}}",
                result);
        assertEquals(ACME, server.gateway.asks().get(1).zone());

        reset();
        server.result("provision_user", server.systemKey, "{\"user_id\":\"bob\",\"zone_id\":\"acme\"}");
        TenantRequest.ProvisionUser defaults = asked(TenantRequest.ProvisionUser.class);
        assertNotNull(defaults.key());
        assertTrue(defaults.agents());
        assertNull(defaults.email());

        reset();
        String without = server.result(
                "provision_user",
                server.systemKey,
                "{\"user_id\":\"bob\",\"zone_id\":\"acme\",\"create_api_key\":false,\"create_agents\":false,"
                        + "\"import_skills\":false,\"display_name\":\"Bob\"}");
        TenantRequest.ProvisionUser bare = asked(TenantRequest.ProvisionUser.class);
        assertNull(bare.key());
        assertEquals(0, bare.secretHash().length);
        assertFalse(bare.agents());
        assertEquals("Bob", bare.displayName());
        assertTrue(without.contains("\"api_key\":null,\"key_id\":null,"), without);
    }

    @Test
    void aKeyThatTheTenantDidNotTakeIsNotShown() {
        server.gateway.script(ask -> {
            Reply reply = ordinary(ask);
            return reply instanceof Reply.Provisioned user
                    ? new Reply.Provisioned(
                            user.tenant(),
                            user.zone(),
                            user.userId(),
                            null,
                            null,
                            false,
                            null,
                            user.workspacePath(),
                            List.of(),
                            List.of(),
                            List.of())
                    : reply;
        });
        String result = server.result("provision_user", server.systemKey, "{\"user_id\":\"bob\",\"zone_id\":\"acme\"}");
        assertFalse(result.contains("sk-"), result);
        assertTrue(result.contains("\"api_key\":null,\"key_id\":null,"), result);
    }

    @Test
    void deprovisionsAUserAndCountsWhatWent() {
        assertEquals(
                "{\"user_id\":\"bob\",\"zone_id\":\"acme\",\"deleted_directories\":[\"/tenants/acme/users/bob\"],"
                        + "\"deleted_api_keys\":3,\"deleted_oauth_api_keys\":0,\"deleted_oauth_accounts\":0,"
                        + "\"deleted_permissions\":2,\"deleted_entities\":1,\"user_record_deleted\":false}",
                server.result("deprovision_user", server.systemKey, "{\"user_id\":\"bob\",\"zone_id\":\"acme\"}"));
        assertEquals(
                new TenantRequest.DeprovisionUser("bob", false, false), asked(TenantRequest.DeprovisionUser.class));
        reset();
        server.result(
                "deprovision_user",
                server.systemKey,
                "{\"user_id\":\"bob\",\"zone_id\":\"acme\",\"delete_user_record\":true,\"force\":true}");
        assertEquals(new TenantRequest.DeprovisionUser("bob", true, true), asked(TenantRequest.DeprovisionUser.class));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"user_id\":\"bob\"}|-32602 parameter 'zone_id' is required: users are per tenant",
                "{\"zone_id\":\"acme\"}|-32602 parameter 'user_id' is required",
                "{\"user_id\":\"bob\",\"zone_id\":\"nobody\"}|-32005 there is no tenant of this zone_id",
                "{\"user_id\":\"bob\",\"zone_id\":\"system\"}|-32005 there is no tenant of this zone_id",
                "{\"user_id\":\"bob\",\"zone_id\":\"No!\"}|-32005 there is no such tenant: a name has 1 to 63 of a-z, 0-9 and inner '-'",
                "{\"user_id\":\"a\\nb\",\"zone_id\":\"acme\"}|-32602 parameter 'user_id' must not contain control characters",
            })
    void refusesUsersThatCannotBe(String params, String error) {
        for (String method : List.of("provision_user", "deprovision_user")) {
            // A header names no tenant for these methods.
            assertEquals(error, server.errorText(method, server.systemKey, params, "X-Nexus-Zone-ID", "acme"));
        }
        assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
    }

    @Test
    void strangersLearnNothingFromTheUserMethods() {
        for (String method : List.of("provision_user", "deprovision_user")) {
            for (String zone : List.of("acme", "beta", "nobody", "system", "No!")) {
                assertEquals(
                        "-32004 Admin privileges required for this operation",
                        server.errorText(
                                method, server.aliceKey, "{\"user_id\":\"bob\",\"zone_id\":\"" + zone + "\"}"));
            }
        }
        assertEquals(10, server.gateway.requests().size());
        assertTrue(server.gateway.requests().stream().allMatch(TenantRequest.RequireSystem.class::isInstance));
    }
}
