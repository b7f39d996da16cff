package io.espalier.gateway;

/// Something that goes on without a request, on a thread of its own. Every part of the gateway that
/// has one is such a bean, so that readiness sees it.
public interface Background {

  /// What goes on, as readiness calls it.
  String name();

  /// Whether it goes on. What it needs may be away for a while, which is no fault of its own.
  boolean healthy();
}
