/// Jobs in Postgres, and how transactions and replicas wait for each other there.
@NullMarked
package io.espalier.gateway.store;

import org.jspecify.annotations.NullMarked;
