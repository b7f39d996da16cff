/// Records on their way from the database to Kafka.
@NullMarked
package io.espalier.gateway.outbox;

import org.jspecify.annotations.NullMarked;
