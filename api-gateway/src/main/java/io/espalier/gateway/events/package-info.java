/// What searches tell: from Kafka into Postgres, and from there to whoever watches.
@NullMarked
package io.espalier.gateway.events;

import org.jspecify.annotations.NullMarked;
