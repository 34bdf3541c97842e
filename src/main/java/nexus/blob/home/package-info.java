/** Whether the place of large contents that a server was given is the one that its database's contents are in. */
@NullMarked
package nexus.blob.home;

import org.jspecify.annotations.NullMarked;
