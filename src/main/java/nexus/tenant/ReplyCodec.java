package nexus.tenant;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import nexus.kernel.CommandId;
import nexus.kernel.KeyId;
import nexus.kernel.Must;
import nexus.kernel.TenantId;
import nexus.kernel.ZoneName;
import nexus.store.KeyRecord;
import org.jspecify.annotations.Nullable;

/**
 * The replies of a group's commands as bytes, for the row that remembers them. The first byte is the version of the format;
 * golden bytes in the tests show that what an older version wrote still reads. Only replies that commands give have a form
 * here, and none of them holds a secret.
 */
final class ReplyCodec {
    private static final int VERSION = 1;
    private static final int DONE = 0;
    private static final int FLAG = 1;
    private static final int WRITTEN = 2;
    private static final int GRANTED = 3;
    private static final int KEYS = 4;
    private static final int PROVISIONED = 5;
    private static final int DEPROVISIONED = 6;
    private static final int TENANT = 7;
    private static final int ONBOARDED = 8;
    private static final int REPLAYED = 9;

    /** Where a reply stands alone, nobody asks for its command. */
    private static final CommandId ALONE = new CommandId(new UUID(0, 0));

    private ReplyCodec() {}

    static byte[] encode(Map<CommandId, Reply> replies) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(64 * replies.size() + 8);
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeByte(VERSION);
            out.writeInt(replies.size());
            for (Map.Entry<CommandId, Reply> entry : replies.entrySet()) {
                writeId(out, entry.getKey().value());
                writeReply(out, entry.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("BUG: an array does not fail", e);
        }
        return bytes.toByteArray();
    }

    static Map<CommandId, Reply> decode(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
            int version = in.readByte();
            Must.hold(version == VERSION, "unknown version of remembered replies", version);
            int count = in.readInt();
            Map<CommandId, Reply> replies = new LinkedHashMap<>(count * 2);
            for (int i = 0; i < count; i++) {
                replies.put(new CommandId(readId(in)), readReply(in));
            }
            return replies;
        } catch (IOException e) {
            throw new UncheckedIOException("BUG: remembered replies are cut off", e);
        }
    }

    /** One reply, to be remembered by itself. */
    static byte[] encode(Reply reply) {
        return encode(Map.of(ALONE, reply));
    }

    /** The only reply that is there. */
    static Reply decodeOne(byte[] bytes) {
        return decode(bytes).values().iterator().next();
    }

    private static void writeReply(DataOutputStream out, Reply reply) throws IOException {
        if (reply instanceof Reply.Done) {
            out.writeByte(DONE);
        } else if (reply instanceof Reply.Flag flag) {
            out.writeByte(FLAG);
            out.writeBoolean(flag.value());
        } else if (reply instanceof Reply.Written written) {
            out.writeByte(WRITTEN);
            out.writeInt(written.files().size());
            for (Reply.FileInfo file : written.files()) {
                writeInfo(out, file);
            }
        } else if (reply instanceof Reply.Granted granted) {
            out.writeByte(GRANTED);
            out.writeUTF(granted.id());
            out.writeLong(granted.revision());
        } else if (reply instanceof Reply.Keys keys) {
            out.writeByte(KEYS);
            writeKeys(out, keys);
        } else if (reply instanceof Reply.Provisioned provisioned) {
            out.writeByte(PROVISIONED);
            writeProvisioned(out, provisioned);
        } else if (reply instanceof Reply.Deprovisioned deprovisioned) {
            out.writeByte(DEPROVISIONED);
            writeDeprovisioned(out, deprovisioned);
        } else if (reply instanceof Reply.Tenant tenant) {
            out.writeByte(TENANT);
            writeTenant(out, tenant);
        } else if (reply instanceof Reply.Onboarded onboarded) {
            out.writeByte(ONBOARDED);
            writeTenant(out, onboarded.tenant());
            out.writeUTF(onboarded.administrator());
            writeId(out, onboarded.key().value());
        } else if (reply instanceof Reply.Replayed replayed) {
            out.writeByte(REPLAYED);
            writeReply(out, replayed.reply());
        } else {
            throw new IllegalStateException("BUG: no command answers " + reply.getClass());
        }
    }

    private static Reply readReply(DataInputStream in) throws IOException {
        int kind = in.readByte();
        return switch (kind) {
            case DONE -> Reply.Done.DONE;
            case FLAG -> new Reply.Flag(in.readBoolean());
            case WRITTEN -> {
                int count = in.readInt();
                List<Reply.FileInfo> files = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    files.add(readInfo(in));
                }
                yield new Reply.Written(files);
            }
            case GRANTED -> new Reply.Granted(in.readUTF(), in.readLong());
            case KEYS -> readKeys(in);
            case PROVISIONED -> readProvisioned(in);
            case DEPROVISIONED -> readDeprovisioned(in);
            case TENANT -> readTenant(in);
            case ONBOARDED -> new Reply.Onboarded(readTenant(in), in.readUTF(), new KeyId(readId(in)));
            case REPLAYED -> new Reply.Replayed(readReply(in));
            default -> throw new IllegalStateException("BUG: unknown remembered reply " + kind);
        };
    }

    private static void writeInfo(DataOutputStream out, Reply.FileInfo info) throws IOException {
        out.writeUTF(info.path());
        out.writeBoolean(info.directory());
        out.writeLong(info.version());
        out.writeLong(info.size());
        writeText(out, info.etag());
        writeTime(out, info.createdAt());
        writeTime(out, info.modifiedAt());
        out.writeUTF(info.createdBy());
    }

    private static Reply.FileInfo readInfo(DataInputStream in) throws IOException {
        return new Reply.FileInfo(
                in.readUTF(),
                in.readBoolean(),
                in.readLong(),
                in.readLong(),
                readText(in),
                readTime(in),
                readTime(in),
                in.readUTF());
    }

    private static void writeKeys(DataOutputStream out, Reply.Keys keys) throws IOException {
        writeId(out, keys.tenant().value());
        writeText(out, keys.zone() == null ? null : keys.zone().value());
        out.writeInt(keys.total());
        out.writeInt(keys.keys().size());
        for (KeyRecord key : keys.keys()) {
            writeId(out, key.id().value());
            // The hash stays where it is: an answer never shows it.
            out.writeUTF(key.name());
            out.writeUTF(key.userId());
            out.writeUTF(key.subjectType());
            out.writeUTF(key.subjectId());
            out.writeBoolean(key.systemAdministrator());
            out.writeBoolean(key.external());
            writeTime(out, key.createdAt());
            writeTime(out, key.expiresAt());
            writeTime(out, key.revokedAt());
            writeTime(out, key.lastUsedAt());
        }
    }

    private static Reply.Keys readKeys(DataInputStream in) throws IOException {
        TenantId tenant = new TenantId(readId(in));
        String zone = readText(in);
        int total = in.readInt();
        int count = in.readInt();
        List<KeyRecord> keys = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            KeyId id = new KeyId(readId(in));
            String name = in.readUTF();
            String userId = in.readUTF();
            String subjectType = in.readUTF();
            String subjectId = in.readUTF();
            boolean systemAdministrator = in.readBoolean();
            boolean external = in.readBoolean();
            Instant createdAt = readTime(in);
            if (createdAt == null) {
                throw new IllegalStateException("BUG: a key has a time of creation");
            }
            keys.add(new KeyRecord(
                    id,
                    new byte[0],
                    name,
                    userId,
                    subjectType,
                    subjectId,
                    systemAdministrator,
                    external,
                    createdAt,
                    readTime(in),
                    readTime(in),
                    readTime(in)));
        }
        return new Reply.Keys(tenant, zone == null ? null : new ZoneName(zone), keys, total);
    }

    private static void writeProvisioned(DataOutputStream out, Reply.Provisioned user) throws IOException {
        writeId(out, user.tenant().value());
        out.writeUTF(user.zone().value());
        out.writeUTF(user.userId());
        writeText(out, user.email());
        writeText(out, user.displayName());
        out.writeBoolean(user.made());
        KeyId key = user.key();
        out.writeBoolean(key != null);
        if (key != null) {
            writeId(out, key.value());
        }
        out.writeUTF(user.workspacePath());
        writeTexts(out, user.directories());
        writeTexts(out, user.agents());
        writeTexts(out, user.agentPaths());
    }

    private static Reply.Provisioned readProvisioned(DataInputStream in) throws IOException {
        return new Reply.Provisioned(
                new TenantId(readId(in)),
                new ZoneName(in.readUTF()),
                in.readUTF(),
                readText(in),
                readText(in),
                in.readBoolean(),
                in.readBoolean() ? new KeyId(readId(in)) : null,
                in.readUTF(),
                readTexts(in),
                readTexts(in),
                readTexts(in));
    }

    private static void writeDeprovisioned(DataOutputStream out, Reply.Deprovisioned user) throws IOException {
        out.writeUTF(user.zone().value());
        out.writeUTF(user.userId());
        writeText(out, user.directory());
        out.writeInt(user.keys());
        out.writeInt(user.permissions());
        out.writeInt(user.entities());
        out.writeBoolean(user.recordDeleted());
    }

    private static Reply.Deprovisioned readDeprovisioned(DataInputStream in) throws IOException {
        return new Reply.Deprovisioned(
                new ZoneName(in.readUTF()),
                in.readUTF(),
                readText(in),
                in.readInt(),
                in.readInt(),
                in.readInt(),
                in.readBoolean());
    }

    private static void writeTenant(DataOutputStream out, Reply.Tenant tenant) throws IOException {
        writeId(out, tenant.id().value());
        out.writeUTF(tenant.zone().value());
        out.writeLong(tenant.settingsRevision());
        // Longer than what writeUTF takes.
        byte[] document = tenant.document().getBytes(StandardCharsets.UTF_8);
        out.writeInt(document.length);
        out.write(document);
    }

    private static Reply.Tenant readTenant(DataInputStream in) throws IOException {
        return new Reply.Tenant(
                new TenantId(readId(in)),
                new ZoneName(in.readUTF()),
                in.readLong(),
                new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8));
    }

    private static void writeTexts(DataOutputStream out, List<String> texts) throws IOException {
        out.writeInt(texts.size());
        for (String text : texts) {
            out.writeUTF(text);
        }
    }

    private static List<String> readTexts(DataInputStream in) throws IOException {
        int count = in.readInt();
        List<String> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(in.readUTF());
        }
        return texts;
    }

    private static void writeId(DataOutputStream out, UUID id) throws IOException {
        out.writeLong(id.getMostSignificantBits());
        out.writeLong(id.getLeastSignificantBits());
    }

    private static UUID readId(DataInputStream in) throws IOException {
        return new UUID(in.readLong(), in.readLong());
    }

    private static void writeText(DataOutputStream out, @Nullable String text) throws IOException {
        out.writeBoolean(text != null);
        if (text != null) {
            out.writeUTF(text);
        }
    }

    private static @Nullable String readText(DataInputStream in) throws IOException {
        return in.readBoolean() ? in.readUTF() : null;
    }

    private static void writeTime(DataOutputStream out, @Nullable Instant time) throws IOException {
        out.writeBoolean(time != null);
        if (time != null) {
            out.writeLong(time.getEpochSecond());
            out.writeInt(time.getNano());
        }
    }

    private static @Nullable Instant readTime(DataInputStream in) throws IOException {
        return in.readBoolean() ? Instant.ofEpochSecond(in.readLong(), in.readInt()) : null;
    }
}
