/// Everything that crosses a process: documents and records, as plain data. No framework, no
/// logic.
@NullMarked
package io.espalier.contracts;

import org.jspecify.annotations.NullMarked;
