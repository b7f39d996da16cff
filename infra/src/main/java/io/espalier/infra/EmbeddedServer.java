package io.espalier.infra;

/// A server with a folder of its own, serving from the moment it exists until it is closed.
public sealed interface EmbeddedServer extends AutoCloseable
    permits EmbeddedKafka, EmbeddedPostgres, EmbeddedS3 {

  /// Stops it. What goes wrong is logged: there is nothing that a caller could do.
  @Override
  void close();
}
