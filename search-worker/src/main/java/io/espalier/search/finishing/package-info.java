/// Writing results: decisions in, the answer and its tree out.
@NullMarked
package io.espalier.search.finishing;

import org.jspecify.annotations.NullMarked;
