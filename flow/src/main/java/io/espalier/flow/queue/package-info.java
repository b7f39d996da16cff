/// How a process takes its share of a fleet's queue.
@NullMarked
package io.espalier.flow.queue;

import org.jspecify.annotations.NullMarked;
