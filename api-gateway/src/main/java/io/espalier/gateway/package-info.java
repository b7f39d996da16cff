/// The HTTP API: jobs are asked for, queued, watched and answered here. Resources call jobs, jobs
/// call the database, the outbox and the log of events, and none calls back.
@NullMarked
package io.espalier.gateway;

import org.jspecify.annotations.NullMarked;
