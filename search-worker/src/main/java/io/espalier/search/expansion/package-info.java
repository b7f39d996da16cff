/// Drawing candidates: slices of the frontier in, images and bits out.
@NullMarked
package io.espalier.search.expansion;

import org.jspecify.annotations.NullMarked;
