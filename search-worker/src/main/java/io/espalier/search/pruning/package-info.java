/// The search itself: the pure function of `beam` over Kafka Streams, exactly once.
@NullMarked
package io.espalier.search.pruning;

import org.jspecify.annotations.NullMarked;
