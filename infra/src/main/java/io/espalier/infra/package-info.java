/// The servers that the system stands on, within this process or beside it: a real Kafka broker,
/// Postgres and an S3 server, each keeping its state in a folder. For the all-in-one process and
/// for every module's tests.
@NullMarked
package io.espalier.infra;

import org.jspecify.annotations.NullMarked;
