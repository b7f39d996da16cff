/// Scoring candidates: images in, scores out.
@NullMarked
package io.espalier.verifier;

import org.jspecify.annotations.NullMarked;
