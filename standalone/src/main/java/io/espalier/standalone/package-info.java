/// Everything in one process, and the command line.
@NullMarked
package io.espalier.standalone;

import org.jspecify.annotations.NullMarked;
