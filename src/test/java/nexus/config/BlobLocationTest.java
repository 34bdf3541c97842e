package nexus.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.file.Path;
import nexus.config.BlobLocation.Bucket;
import nexus.config.BlobLocation.Database;
import nexus.config.BlobLocation.OwnDirectory;
import nexus.config.BlobLocation.SharedDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlobLocationTest {
    @Test
    void readsEveryKind() {
        assertEquals(new OwnDirectory(), BlobLocation.parse("directory"));
        assertEquals(new SharedDirectory(Path.of("/mnt/blobs")), BlobLocation.parse("directory:/mnt/x/../blobs/"));
        assertEquals(new Database(), BlobLocation.parse("database"));
        assertEquals(
                new Bucket("contents", "", null, "eu-central-1", false),
                BlobLocation.parse("s3://contents?region=eu-central-1"));
        assertEquals(
                new Bucket("contents", "nexus/blobs/", null, "eu-central-1", false),
                BlobLocation.parse("s3://contents/nexus/blobs/?region=eu-central-1"));
    }

    @Test
    void aServerWithAnEndpointOfItsOwnHasDefaultsOfItsOwn() {
        URI endpoint = URI.create("http://minio:9000");
        assertEquals(
                new Bucket("contents", "", endpoint, "us-east-1", true),
                BlobLocation.parse("s3://contents?endpoint=http://minio:9000/"));
        assertEquals(
                new Bucket("contents", "", endpoint, "auto", false),
                BlobLocation.parse("s3://contents/?endpoint=http://minio:9000&region=auto&path-style=false"));
    }

    @Test
    void onlyTheOwnDirectoryIsPrivate() {
        assertFalse(BlobLocation.parse("directory").isShared());
        for (String shared : new String[] {"directory:/x", "database", "s3://abc?region=eu-west-1"}) {
            assertTrue(BlobLocation.parse(shared).isShared(), shared);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "directory",
                "directory:/mnt/blobs",
                "database",
                "s3://contents/a/b?region=eu-central-1&path-style=false",
                "s3://contents?endpoint=https://r2.example.com&region=auto&path-style=true"
            })
    void isShownAsItIsWritten(String text) {
        assertEquals(text, BlobLocation.parse(text).toString());
        assertEquals(
                BlobLocation.parse(text),
                BlobLocation.parse(BlobLocation.parse(text).toString()));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Directory | must be directory, directory:/path, database or s3://bucket",
                "directory:blobs | the path must begin with \"/\"",
                "directory: | the path must begin with \"/\"",
                "s3:contents | must be directory, directory:/path, database or s3://bucket",
                "s3://contents | the region is missing",
                "s3://contents?region= | the region is missing",
                "s3://contents?region=EU | a region has",
                "s3://?region=eu-west-1 | a bucket's name has",
                "s3://Contents?region=eu-west-1 | a bucket's name has",
                "s3://a:b@contents?region=eu-west-1 | a bucket's name has",
                "s3://contents//x?region=eu-west-1 | a prefix has",
                "s3://contents/a/../b?region=eu-west-1 | a prefix has",
                "s3://contents/a b?region=eu-west-1 | a prefix has",
                "s3://contents?region=eu-west-1&acl=public | the parameter \"acl\" is unknown, known are region",
                "s3://contents?region=eu-west-1&region=eu-west-2 | given twice",
                "s3://contents?region | must look like name=value",
                "s3://contents?endpoint=minio:9000 | an endpoint is https://host",
                "s3://contents?endpoint=ftp://minio | an endpoint is https://host",
                "s3://contents?endpoint=https://key:secret@minio | an endpoint is https://host",
                "s3://contents?endpoint=https://minio/path | an endpoint is https://host",
                "s3://contents?endpoint=https://mi nio | an endpoint is https://host",
                "s3://contents?endpoint=https://minio&path-style=yes | path-style must be true or false"
            })
    void refusesWhatItDoesNotUnderstand(String text, String why) {
        OptionsException e = assertThrows(OptionsException.class, () -> BlobLocation.parse(text));
        assertTrue(String.valueOf(e.getMessage()).contains(why), e::getMessage);
    }

    @Test
    void aPrefixLeavesRoomForTheRestOfAKey() {
        BlobLocation.parse("s3://contents/" + "x".repeat(512) + "?region=eu-west-1");
        assertThrows(
                OptionsException.class,
                () -> BlobLocation.parse("s3://contents/" + "x".repeat(513) + "?region=eu-west-1"));
    }
}
