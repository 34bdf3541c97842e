/** The command line: commands, help, exit codes. What the commands do is given to them. */
@NullMarked
package nexus.cli;

import org.jspecify.annotations.NullMarked;
