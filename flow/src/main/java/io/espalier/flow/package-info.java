/// What every service shares: records as JSON, topics, and the translation between contracts and
/// the search.
@NullMarked
package io.espalier.flow;

import org.jspecify.annotations.NullMarked;
