package io.espalier.gateway;

/// Work that runs without a request, on a thread of its own. Every part of the gateway that has
/// such work is a bean of this type, so that readiness sees it.
public interface Background {

  /// The work's name, as readiness shows it.
  String name();

  /// Whether it still runs. It does while a server that it needs is away.
  boolean healthy();
}
