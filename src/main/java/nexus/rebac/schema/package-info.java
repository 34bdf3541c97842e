/** Authorization models: the OpenFGA model language, schema 1.1, parsed, verified and compiled. */
@NullMarked
package nexus.rebac.schema;

import org.jspecify.annotations.NullMarked;
