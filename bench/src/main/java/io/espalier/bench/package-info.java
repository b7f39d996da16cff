/// The paper's experiment: which searches it runs, what they found, and what that says.
@NullMarked
package io.espalier.bench;

import org.jspecify.annotations.NullMarked;
