/// The store that pictures, bits and results lie in, reached over S3.
@NullMarked
package io.espalier.artifacts;

import org.jspecify.annotations.NullMarked;
