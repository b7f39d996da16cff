/// Slices in the store: the bits and images of what an expansion drew, as one object.
@NullMarked
package io.espalier.flow.slice;

import org.jspecify.annotations.NullMarked;
