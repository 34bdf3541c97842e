package nexus.tenant;

import io.vertx.core.Future;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import nexus.kernel.ContentHash;
import nexus.kernel.Limits;
import nexus.kernel.Problem;
import nexus.kernel.TenantId;
import nexus.kernel.WorkspacePath;
import nexus.store.AuditEntry;
import nexus.store.Content;
import nexus.store.FileEntry;
import nexus.store.FileVersion;
import nexus.store.Registry;
import nexus.store.ShareRecord;
import nexus.store.TenantStore;
import nexus.store.TupleRow;
import org.jspecify.annotations.Nullable;

/**
 * Fetches what permitted queries need and forms their answers.
 *
 * <p>What it learns of files goes into the actor's cache, unless a group was in flight or was committed meanwhile: such a
 * load may show the state before it.
 */
final class Fetcher {
    /**
     * The content was dropped between the look-up of the file and that of its content: the file changed. Who asks again when
     * memory has followed the database sees the new state.
     */
    static final class ChangedException extends RuntimeException {
        ChangedException(String wire) {
            super("the file changed while it was read: " + wire, null, false, false);
        }
    }

    private final TenantServices services;
    private final TenantCore core;
    private final BooleanSupplier groupInFlight;

    Fetcher(TenantServices services, TenantCore core, BooleanSupplier groupInFlight) {
        this.services = services;
        this.core = core;
        this.groupInFlight = groupInFlight;
    }

    Future<Reply> fetch(Fetch fetch) {
        if (fetch instanceof Fetch.File file) {
            return file(file);
        } else if (fetch instanceof Fetch.Stats stats) {
            return stats(stats);
        } else if (fetch instanceof Fetch.Listing listing) {
            return listing(listing);
        } else if (fetch instanceof Fetch.Versions versions) {
            return versions(versions);
        } else if (fetch instanceof Fetch.Tuples tuples) {
            return tuples(tuples.query(), new ArrayList<>());
        } else if (fetch instanceof Fetch.SharedListing listing) {
            return sharedListing(listing);
        } else if (fetch instanceof Fetch.Shares shares) {
            return shares(shares);
        } else if (fetch instanceof Fetch.AuditContent audit) {
            return auditContent(audit.info(), 0, new ByteArrayOutputStream());
        } else if (fetch instanceof Fetch.AuditPage audit) {
            return auditPage(audit);
        } else if (fetch instanceof Fetch.AuditProof proof) {
            return prove(proof);
        } else if (fetch instanceof Fetch.Tenants tenants) {
            return tenants(tenants);
        } else if (fetch instanceof Fetch.Records records) {
            return records(records.search());
        } else if (fetch instanceof Fetch.BeforeWrite write) {
            return entry(write.relative())
                    .map(found -> core.judgeWrite(
                            write, found.isPresent(), services.time().now()));
        }
        throw new IllegalStateException("BUG: no way to fetch " + fetch.getClass());
    }

    private Future<Reply> records(Registry.Search search) {
        return services.registry().records(search).map(found -> {
            boolean more = found.size() == search.limit();
            List<Reply.Tenant> page = new ArrayList<>(found.size());
            for (Registry.Registered tenant : more ? found.subList(0, found.size() - 1) : found) {
                page.add(Infos.tenant(tenant.record(), tenant.usage(), search.now()));
            }
            return new Reply.TenantPage(page, more);
        });
    }

    // ---- entries
    // -----------------------------------------------------------------------------------------------------

    private Future<Optional<FileEntry>> entry(String path) {
        return entries(List.of(path)).map(found -> found.getOrDefault(path, Optional.empty()));
    }

    private Future<Map<String, Optional<FileEntry>>> entries(List<String> paths) {
        Map<String, Optional<FileEntry>> known = new HashMap<>();
        LinkedHashSet<String> missing = new LinkedHashSet<>();
        for (String path : paths) {
            Optional<FileEntry> cached = core.state.entries.get(path);
            if (cached == null) {
                missing.add(path);
            } else {
                known.put(path, cached);
            }
        }
        if (missing.isEmpty()) {
            return Future.succeededFuture(known);
        }
        long revision = core.state.revision;
        boolean quiet = !groupInFlight.getAsBoolean();
        return services.store().entries(core.state.id, List.copyOf(missing)).map(found -> {
            Map<String, Optional<FileEntry>> loaded = new HashMap<>();
            missing.forEach(path -> loaded.put(path, Optional.empty()));
            found.forEach(entry -> loaded.put(entry.path(), Optional.of(entry)));
            if (quiet && !groupInFlight.getAsBoolean() && core.state.revision == revision) {
                loaded.forEach(core.state.entries::put);
            }
            known.putAll(loaded);
            return known;
        });
    }

    private Future<Reply> stats(Fetch.Stats stats) {
        List<String> paths = new ArrayList<>();
        for (Fetch.Target target : stats.targets()) {
            if (target.relative() != null) {
                paths.add(target.relative());
            }
        }
        return entries(paths).map(found -> {
            List<Reply.StatResult> results = new ArrayList<>(stats.targets().size());
            for (Fetch.Target target : stats.targets()) {
                results.add(result(target, found));
            }
            return new Reply.Stats(results);
        });
    }

    private Reply.StatResult result(Fetch.Target target, Map<String, Optional<FileEntry>> found) {
        Reply.StatResult known = target.known();
        if (known != null) {
            return known;
        }
        FileEntry entry =
                found.getOrDefault(target.relative(), Optional.empty()).orElse(null);
        return entry == null
                ? new Reply.StatResult(null, notFound(target.wire()))
                : new Reply.StatResult(Infos.of(core.state, entry), null);
    }

    // ---- contents
    // ----------------------------------------------------------------------------------------------------

    private Future<Reply> file(Fetch.File file) {
        return entry(file.relative()).compose(found -> {
            FileEntry entry = found.orElseThrow(() -> notFound(file.wire()).exception());
            if (entry.directory()) {
                throw Problem.refused("Is a directory: " + file.wire(), file.wire())
                        .exception();
            }
            Reply.FileInfo info = Infos.of(core.state, entry);
            Long version = file.version();
            if (version == null || version == entry.version()) {
                return content(info, entry.contentHash(), file.wire());
            }
            for (FileEntry.RetainedVersion retained : entry.retained()) {
                if (retained.version() == version) {
                    Reply.FileInfo old = new Reply.FileInfo(
                            info.path(),
                            false,
                            retained.version(),
                            retained.size(),
                            retained.hash().hex(),
                            info.createdAt(),
                            info.modifiedAt(),
                            info.createdBy());
                    return content(old, retained.hash(), file.wire());
                }
            }
            throw Problem.notFound("Version " + version + " of " + file.wire() + " is not retained", file.wire())
                    .exception();
        });
    }

    private Future<Reply> content(Reply.FileInfo info, ContentHash hash, String wire) {
        return services.store()
                .content(core.state.id, hash)
                .map(found -> new Reply.FileContent(
                        core.state.id, info, found.orElseThrow(() -> new ChangedException(wire))));
    }

    private Future<Reply> versions(Fetch.Versions query) {
        return entry(query.relative())
                .compose(found -> {
                    FileEntry entry =
                            found.orElseThrow(() -> notFound(query.wire()).exception());
                    if (entry.directory()) {
                        throw Problem.refused("Is a directory: " + query.wire(), query.wire())
                                .exception();
                    }
                    return services.store().versions(core.state.id, entry.id());
                })
                .map((List<FileVersion> versions) -> new Reply.Versions(versions));
    }

    // ---- lists
    // -------------------------------------------------------------------------------------------------------

    private Future<Reply> listing(Fetch.Listing listing) {
        return services.store().list(core.state.id, listing.range()).map(found -> {
            List<Reply.FileInfo> all =
                    new ArrayList<>(found.size() + listing.control().size());
            found.forEach(entry -> all.add(Infos.of(core.state, entry)));
            all.addAll(listing.control());
            if (!listing.control().isEmpty()) {
                all.sort((a, b) -> Queries.BY_BYTES.compare(a.path(), b.path()));
            }
            Integer page = listing.pageSize();
            if (page == null && all.size() > Limits.UNPAGED_ITEMS) {
                throw tooLong().exception();
            }
            if (page == null || all.size() <= page) {
                return new Reply.Listing(all, null);
            }
            List<Reply.FileInfo> first = List.copyOf(all.subList(0, page));
            return new Reply.Listing(first, first.get(page - 1).path());
        });
    }

    // ---- shares
    // ------------------------------------------------------------------------------------------------------

    /** The files and folders that are shared, under the names that they have there, and what is below the folders. */
    private Future<Reply> sharedListing(Fetch.SharedListing listing) {
        List<String> paths = listing.entries().values().stream().distinct().toList();
        return entries(paths).compose(found -> {
            SharedPage page = new SharedPage(listing);
            listing.notes().forEach(page::add);
            List<Map.Entry<String, String>> folders = new ArrayList<>();
            for (Map.Entry<String, String> named : listing.entries().entrySet()) {
                FileEntry entry =
                        found.getOrDefault(named.getValue(), Optional.empty()).orElse(null);
                if (entry != null) {
                    page.add(renamed(Infos.of(core.state, entry), named.getKey()));
                    if (entry.directory() && listing.recursive() && page.reaches(named.getKey())) {
                        folders.add(named);
                    }
                }
            }
            return below(listing, folders.iterator(), page);
        });
    }

    /** One folder after the other: each brings no more than a page. */
    private Future<Reply> below(
            Fetch.SharedListing listing, Iterator<Map.Entry<String, String>> folders, SharedPage page) {
        if (!folders.hasNext()) {
            return Future.succeededFuture(page.reply());
        }
        Map.Entry<String, String> folder = folders.next();
        String name = folder.getKey();
        String path = folder.getValue();
        String after = listing.after();
        String innerAfter =
                after != null && WorkspacePath.isWithin(after, name) ? path + after.substring(name.length()) : null;
        TenantStore.FileRange range =
                new TenantStore.FileRange(List.of(path), path, false, null, innerAfter, page.room());
        return services.store().list(core.state.id, range).compose(found -> {
            for (FileEntry entry : found) {
                page.add(
                        renamed(Infos.of(core.state, entry), name + entry.path().substring(path.length())));
            }
            return below(listing, folders, page);
        });
    }

    private static Reply.FileInfo renamed(Reply.FileInfo info, String wire) {
        return new Reply.FileInfo(
                wire,
                info.directory(),
                info.version(),
                info.size(),
                info.etag(),
                info.createdAt(),
                info.modifiedAt(),
                info.createdBy());
    }

    /** The first entries behind the cursor, from wherever they come and in whatever order. */
    private static final class SharedPage {
        private final Fetch.SharedListing listing;
        private final TreeMap<String, Reply.FileInfo> first = new TreeMap<>(Queries.BY_BYTES);

        SharedPage(Fetch.SharedListing listing) {
            this.listing = listing;
        }

        /** One more than are wanted: it tells that there are more. */
        int room() {
            Integer size = listing.pageSize();
            return (size == null ? Limits.UNPAGED_ITEMS : size) + 1;
        }

        /** Whether anything below a folder can be behind the cursor. */
        boolean reaches(String folder) {
            String after = listing.after();
            return after == null
                    || WorkspacePath.isWithin(after, folder)
                    || Queries.BY_BYTES.compare(after, folder + "/") < 0;
        }

        void add(Reply.FileInfo info) {
            String prefix = listing.prefix();
            String after = listing.after();
            if ((prefix == null || info.path().startsWith(prefix))
                    && (after == null || Queries.BY_BYTES.compare(info.path(), after) > 0)) {
                first.put(info.path(), info);
                if (first.size() > room()) {
                    first.pollLastEntry();
                }
            }
        }

        Reply reply() {
            List<Reply.FileInfo> all = new ArrayList<>(first.values());
            Integer size = listing.pageSize();
            if (size == null && all.size() > Limits.UNPAGED_ITEMS) {
                throw tooLong().exception();
            }
            if (size == null || all.size() <= size) {
                return new Reply.Listing(all, null);
            }
            return new Reply.Listing(
                    List.copyOf(all.subList(0, size)), all.get(size - 1).path());
        }
    }

    private static Problem tooLong() {
        return Problem.tooLarge(
                "the listing has more than " + Limits.UNPAGED_ITEMS + " entries: ask for pages with 'limit'");
    }

    /** Those with tenants that are still there, and what is shared within the tenant; the newest first. */
    private Future<Reply> shares(Fetch.Shares query) {
        return tuples(query.within(), new ArrayList<>()).compose(reply -> {
            List<Reply.Share> found = new ArrayList<>();
            for (TupleRow row : ((Reply.Tuples) reply).tuples()) {
                if (row.expiresAt() == null || row.expiresAt().isAfter(query.now())) {
                    found.add(share(row));
                }
            }
            Map<TenantId, List<ShareRecord>> byTarget = new LinkedHashMap<>();
            query.shares()
                    .forEach(share -> byTarget.computeIfAbsent(share.target(), target -> new ArrayList<>())
                            .add(share));
            return living(byTarget.entrySet().iterator(), found).map(v -> {
                found.sort(Comparator.comparing(Reply.Share::createdAt)
                        .thenComparing(Reply.Share::id)
                        .reversed());
                int from = Math.min(query.offset(), found.size());
                int to = Math.min(from + query.limit(), found.size());
                return new Reply.Shares(core.state.zone, found.subList(from, to), found.size());
            });
        });
    }

    /** A tenant that is deleted may have been so since this one was loaded. */
    private Future<Void> living(Iterator<Map.Entry<TenantId, List<ShareRecord>>> targets, List<Reply.Share> found) {
        if (!targets.hasNext()) {
            return Future.succeededFuture();
        }
        Map.Entry<TenantId, List<ShareRecord>> next = targets.next();
        return services.registry().nameOf(next.getKey()).compose(name -> {
            if (name.isPresent()) {
                next.getValue().forEach(share -> found.add(share(share)));
            }
            return living(targets, found);
        });
    }

    private Reply.Share share(ShareRecord share) {
        boolean everybody = share.subjectType().equals(ShareRecord.EVERYBODY);
        return new Reply.Share(
                WireIds.print(core.state.id, share.id()),
                WorkspacePath.wire(core.state.zone, String.valueOf(share.path())),
                share.targetZone(),
                share.subjectType(),
                everybody ? share.targetZone().value() : share.subjectId(),
                share.relation(),
                share.createdAt(),
                share.expiresAt());
    }

    private Reply.Share share(TupleRow row) {
        return new Reply.Share(
                WireIds.print(core.state.id, row.id()),
                row.tuple().object().id(),
                core.state.zone,
                row.tuple().subject().type(),
                row.tuple().subject().id(),
                row.tuple().relation(),
                row.createdAt(),
                row.expiresAt());
    }

    private Future<Reply> tenants(Fetch.Tenants query) {
        return services.registry().list(query.after(), query.limit() + 1).map(found -> {
            List<Reply.FileInfo> entries = new ArrayList<>(found.size());
            for (Registry.Listed tenant : found.subList(0, Math.min(found.size(), query.limit()))) {
                entries.add(new Reply.FileInfo(
                        WorkspacePath.wire(tenant.zone(), WorkspacePath.ROOT),
                        true,
                        0,
                        0,
                        null,
                        tenant.createdAt(),
                        tenant.createdAt(),
                        "system"));
            }
            boolean more = found.size() > query.limit();
            return new Reply.Listing(
                    entries, more ? entries.get(entries.size() - 1).path() : null);
        });
    }

    private Future<Reply> tuples(TenantStore.TupleQuery query, List<TupleRow> before) {
        return services.store().tuples(core.state.id, query).compose(page -> {
            page.forEach(row -> before.add(core.outside(row)));
            if (page.size() < query.limit()) {
                return Future.succeededFuture(new Reply.Tuples(core.state.id, core.state.zone, before));
            }
            if (before.size() >= Limits.UNPAGED_ITEMS) {
                throw Problem.tooLarge(
                                "more than " + Limits.UNPAGED_ITEMS + " tuples match: name a subject or an object")
                        .exception();
            }
            return tuples(after(query, page.get(page.size() - 1).id()), before);
        });
    }

    private static TenantStore.TupleQuery after(TenantStore.TupleQuery query, UUID id) {
        return new TenantStore.TupleQuery(
                query.objectType(),
                query.objectId(),
                query.relations(),
                query.subjectType(),
                query.subjectId(),
                query.subjectRelation(),
                id,
                query.limit());
    }

    // ---- the audit log
    // -----------------------------------------------------------------------------------------------

    private Future<Reply> auditContent(Reply.FileInfo info, long after, ByteArrayOutputStream bytes) {
        // What is behind the version that the metadata tells is not part of this reading.
        TenantStore.AuditRange range = new TenantStore.AuditRange(
                after + 1, info.version(), false, TenantStore.AuditFilter.ALL, Limits.AUDIT_PAGE);
        return services.store().audit(core.state.id, range).compose(page -> {
            long last = after;
            for (AuditEntry entry : page) {
                bytes.writeBytes(entry.rendered().getBytes(StandardCharsets.UTF_8));
                bytes.write('\n');
                last = entry.sequence();
            }
            if (bytes.size() > Limits.REPLY_BYTES / 2) {
                throw Problem.tooLarge("the audit log has more than " + Limits.REPLY_BYTES / 2 + " bytes")
                        .exception();
            }
            if (page.size() < Limits.AUDIT_PAGE || last >= info.version()) {
                return Future.succeededFuture(
                        new Reply.FileContent(core.state.id, info, Content.Inline.of(bytes.toByteArray())));
            }
            return auditContent(info, last, bytes);
        });
    }

    private Future<Reply> auditPage(Fetch.AuditPage page) {
        TenantRequest.ListAudit query = page.query();
        return since(query.from(), 1, page.last())
                .compose(first -> since(query.to(), page.last() + 1, page.last())
                        .compose(end -> auditPage(query, first, end - 1)));
    }

    /** The number of the first entry that is not older than a time, or what stands for no time. */
    private Future<Long> since(@Nullable Instant time, long otherwise, long last) {
        return time == null
                ? Future.succeededFuture(otherwise)
                : services.store().auditSince(core.state.id, time, last);
    }

    /** Looks through a bounded window of the entries, which have no gaps: the page may be short although there are more. */
    private Future<Reply> auditPage(TenantRequest.ListAudit query, long first, long last) {
        boolean down = query.newestFirst();
        Long after = query.after();
        long from = after == null || down ? first : Math.max(first, after + 1);
        long to = after == null || !down ? last : Math.min(last, after - 1);
        if (from > to) {
            return Future.succeededFuture(new Reply.AuditPage(core.state.id, List.of(), null));
        }
        long windowFrom = down ? Math.max(from, to - Limits.AUDIT_SCANNED + 1) : from;
        long windowTo = down ? to : Math.min(to, from + Limits.AUDIT_SCANNED - 1);
        TenantStore.AuditRange range =
                new TenantStore.AuditRange(windowFrom, windowTo, down, query.filter(), query.limit());
        return services.store().audit(core.state.id, range).map(entries -> {
            boolean full = entries.size() == query.limit();
            long seen = full ? entries.get(entries.size() - 1).sequence() : down ? windowFrom : windowTo;
            return new Reply.AuditPage(core.state.id, entries, seen == (down ? from : to) ? null : seen);
        });
    }

    private Future<Reply> prove(Fetch.AuditProof proof) {
        return prove(new AuditProof(core.state.id, proof), Limits.AUDIT_PROVED);
    }

    /** A page is proved in one turn, some 2 ms; then others have theirs. */
    private Future<Reply> prove(AuditProof proof, int left) {
        int limit = Math.min(left, Limits.AUDIT_PAGE);
        return services.store()
                .auditLinks(core.state.id, proof.next() - 1, limit)
                .compose(links -> {
                    proof.take(links, limit);
                    return proof.isOver() || left == limit
                            ? Future.succeededFuture(proof.verdict())
                            : prove(proof, left - limit);
                });
    }

    private static Problem notFound(@Nullable String wire) {
        return Problem.notFound("File not found: " + wire, wire);
    }
}
