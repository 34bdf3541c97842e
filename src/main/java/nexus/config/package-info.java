/** Options: from the command line, the environment and the defaults into checked records. */
@NullMarked
package nexus.config;

import org.jspecify.annotations.NullMarked;
