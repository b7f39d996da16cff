package io.espalier.gateway.store;

import java.util.List;

/// A job's events after one of them.
///
/// @param over whether the job has ended or is gone, so that there will be no more
public record EventPage(boolean over, List<StoredEvent> events) {}
