/// The life of jobs: asked for, queued, admitted, cancelled, answered, removed.
@NullMarked
package io.espalier.gateway.jobs;

import org.jspecify.annotations.NullMarked;
